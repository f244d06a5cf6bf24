#include "job/cgroup.hpp"

#include "support/descriptor.hpp"
#include "support/small_file.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace pushmetrics {
namespace {

/// The number in the line `oom_kill N`.
std::optional<long long> read_kills(int file) {
  std::array<char, 1024> buffer;
  const ssize_t length = ::pread(file, buffer.data(), buffer.size(), 0);
  std::string_view text(buffer.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  constexpr std::string_view key = "oom_kill ";
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    long long kills = 0;
    if (line.starts_with(key) &&
        std::from_chars(line.data() + key.size(), line.data() + line.size(), kills).ec == std::errc())
      return kills;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

Descriptor open_file(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

/// Where hierarchies are mounted by convention. In a container, that may show its own cgroup in place of the root,
/// while the path is that of the host: then the file is at the mount point itself.
struct Place {
  CgroupPath::Version version;
  std::string_view mount;
  std::string_view file;
};
constexpr std::array places{
    Place{CgroupPath::Version::v1, "/sys/fs/cgroup/memory", "/memory.oom_control"},
    Place{CgroupPath::Version::v2, "/sys/fs/cgroup", "/memory.events"},
    Place{CgroupPath::Version::v2, "/sys/fs/cgroup/unified", "/memory.events"},
};

}  // namespace

std::optional<CgroupPath> memory_cgroup(std::string_view proc_self_cgroup) {
  std::optional<CgroupPath> found;
  for (const std::string_view line : split(proc_self_cgroup, "\n")) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (controllers.empty()) found = CgroupPath{CgroupPath::Version::v2, path};
    for (const std::string_view controller : split(controllers, ","))
      if (controller == "memory") return CgroupPath{CgroupPath::Version::v1, path};
  }
  return found;
}

std::optional<OomKillCount> count_oom_kills() {
  std::array<char, 4096> buffer;
  const auto cgroup = memory_cgroup(read_small_file("/proc/self/cgroup", buffer));
  if (!cgroup) return std::nullopt;
  const std::string_view below = cgroup->path == "/" ? std::string_view() : cgroup->path;
  for (const Place& place : places) {
    if (place.version != cgroup->version) continue;
    for (const std::string_view middle : {below, std::string_view()}) {
      OomKillCount count;
      count.path = concat({place.mount, middle, place.file});
      const Descriptor file = open_file(count.path);
      struct stat status {};
      if (!file || ::fstat(file.get(), &status) != 0) continue;
      const auto kills = read_kills(file.get());
      if (!kills) continue;
      count.device = status.st_dev;
      count.inode = status.st_ino;
      count.kills = *kills;
      return count;
    }
  }
  return std::nullopt;
}

std::optional<long long> oom_kills_since(const OomKillCount& at_start) {
  const Descriptor file = open_file(at_start.path);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || status.st_dev != at_start.device ||
      status.st_ino != at_start.inode)
    return std::nullopt;
  const auto now = read_kills(file.get());
  if (!now || *now < at_start.kills) return std::nullopt;
  return *now - at_start.kills;
}

}  // namespace pushmetrics
