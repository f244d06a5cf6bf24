#include "job/contributed_file.hpp"

#include "support/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace pushmetrics {

Result<ContributedFile> ContributedFile::create() {
  const std::array<const char*, 5> directories{::getenv("XDG_RUNTIME_DIR"), ::getenv("TMPDIR"), "/tmp",
                                               "/dev/shm", "/run"};
  for (const char* directory : directories) {
    // The job may have another working directory, so a relative name is of no use to it.
    if (directory == nullptr || directory[0] != '/') continue;
    std::string path = std::string(directory) + "/pushmetrics-XXXXXX";
    if (const Descriptor file(::mkostemp(path.data(), O_CLOEXEC)); file)
      return ContributedFile(std::move(path));
  }
  return Error{"none of $XDG_RUNTIME_DIR, $TMPDIR, /tmp, /dev/shm and /run can be written to"};
}

ContributedFile::ContributedFile(ContributedFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ContributedFile::~ContributedFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<ContributedFile::Contents> ContributedFile::read() const {
  // The job may have replaced the file (mv), but nobody else's file, link or FIFO will do.
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return Error{::strerror(errno)};
  if (!S_ISREG(status.st_mode)) return Error{"it is no longer a file"};
  if (status.st_uid != ::geteuid() && status.st_uid != 0) return Error{"it belongs to another user"};

  Contents contents;
  contents.text.resize(std::min(static_cast<std::size_t>(status.st_size), size_limit + 1));
  std::size_t length = 0;
  while (length < contents.text.size()) {
    const ssize_t count = ::read(file.get(), contents.text.data() + length, contents.text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error{::strerror(errno)};
    if (count == 0) break;
    length += static_cast<std::size_t>(count);
  }
  contents.cut = length > size_limit;
  contents.text.resize(length);
  if (contents.cut) contents.text.resize(contents.text.rfind('\n') + 1);
  return contents;
}

}  // namespace pushmetrics
