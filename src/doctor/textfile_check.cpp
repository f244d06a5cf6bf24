#include "doctor/textfile_check.hpp"

#include "support/text.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pushmetrics {
namespace {

/// The first directory on the way to `path`, itself included, that others cannot pass; of itself, or read.
std::string closed_to_others(const std::string& path) {
  for (std::size_t end = std::min(path.find('/', 1), path.size()); true;
       end = std::min(path.find('/', end + 1), path.size())) {
    const bool is_whole = end == path.size();
    const mode_t needed = is_whole ? S_IROTH | S_IXOTH : S_IXOTH;
    std::string part = path.substr(0, end);
    struct stat status {};
    if (::stat(part.c_str(), &status) == 0 && (status.st_mode & needed) != needed) return part;
    if (is_whole) return {};
  }
}

}  // namespace

void check_textfile(const std::string& directory, CheckReport& section) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0)
    return section.fail("directory", ::strerror(errno),
                        errno == ENOENT ? concat({"run: mkdir -p ", shell_word(directory)})
                                        : "fix the path in --url, or permit it");
  if (!S_ISDIR(status.st_mode))
    return section.fail("directory", "it is no directory", "fix the path in --url");
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0)
    return section.fail("directory", concat({"cannot be read and written: ", ::strerror(errno)}),
                        "permit it to the user who runs the jobs");
  section.ok("directory", "can be written");
  if (const std::string closed = closed_to_others(directory); !closed.empty())
    section.warn("directory",
                 concat({closed,
                         " is closed to other users: node_exporter cannot read what is there, unless it runs "
                         "as its owner, in its group or as root"}),
                 concat({"run: chmod o+rx ", shell_word(closed)}));
  section.ok("push",
             "whether node_exporter reads this directory (--collector.textfile.directory) shows at its "
             "/metrics only");
}

}  // namespace pushmetrics
