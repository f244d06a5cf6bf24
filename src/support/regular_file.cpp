#include "support/regular_file.hpp"

#include "support/text.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace pushmetrics {

Result<RegularFile> RegularFile::open(const std::string& path, Links links) {
  constexpr int without_waiting = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  RegularFile file;
  file.descriptor_ =
      Descriptor(::open(path.c_str(), without_waiting | (links == Links::refused ? O_NOFOLLOW : 0)));
  struct stat status {};
  if (!file.descriptor_ || ::fstat(file.descriptor_.get(), &status) != 0) return Failure{::strerror(errno)};
  if (!S_ISREG(status.st_mode)) return Failure{"it is not a file"};
  file.size_ = static_cast<std::size_t>(status.st_size);
  file.owner_ = status.st_uid;
  return file;
}

Result<std::string> RegularFile::read(std::size_t limit) const {
  std::string text(std::min(size_, limit), '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t count = ::read(descriptor_.get(), text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failure{::strerror(errno)};
    if (count == 0) break;
    length += static_cast<std::size_t>(count);
  }
  text.resize(length);
  return text;
}

Result<std::string> RegularFile::read_whole(std::size_t limit) const {
  if (size_ > limit) return Failure{concat({"it is larger than ", std::to_string(limit >> 10), " KiB"})};
  return read(limit);
}

Result<std::vector<std::string>> list_directory(const std::string& directory) {
  struct CloseDirectory {
    void operator()(DIR* opened) const { ::closedir(opened); }
  };
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> opened(::opendir(directory.c_str()));
  if (!opened) return Failure{::strerror(errno), {}, {}, errno};
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(opened.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return Failure{::strerror(errno), {}, {}, errno};
  return names;
}

std::vector<std::string> names_in(const std::string& directory) {
  auto names = list_directory(directory);
  return names ? std::move(*names) : std::vector<std::string>();
}

}  // namespace pushmetrics
