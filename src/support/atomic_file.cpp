#include "support/atomic_file.hpp"

#include "support/descriptor.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pushmetrics {
namespace {

bool sync_directory(const std::string& directory) {
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a directory, and do not need to (EINVAL).
  return opened && (::fsync(opened.get()) == 0 || errno == EINVAL);
}

Failure error_at(std::string_view path) {
  return Failure{concat({path, ": ", ::strerror(errno)}), {}, {}, errno};
}

}  // namespace

Result<void> write_atomically(const std::string& directory, const std::string& name, std::string_view text,
                              mode_t mode) {
  const std::string path = concat({directory, "/", name});
  std::string temporary = concat({directory, "/.", name, ".tmp-XXXXXX"});
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return error_at(directory);
  const bool written = ::fchmod(file.get(), mode) == 0 && write_all(file.get(), text) &&
                       ::fsync(file.get()) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (written && sync_directory(directory)) return {};
  const Failure error = error_at(path);
  if (!written) ::unlink(temporary.c_str());
  return error;
}

Result<void> make_directories(const std::string& directory) {
  for (std::size_t end = directory.find('/', 1); true; end = directory.find('/', end + 1)) {
    const std::string part = directory.substr(0, end);
    // A umask may take away what the next one cannot be made without.
    if (::mkdir(part.c_str(), 0700) == 0)
      ::chmod(part.c_str(), 0700);
    else if (errno != EEXIST)
      return error_at(part);
    if (end == std::string::npos) return {};
  }
}

}  // namespace pushmetrics
