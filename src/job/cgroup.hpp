#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pushmetrics {

/// Which file of which cgroup counts OOM kills, and how many it counted at some time.
struct OomKillCount {
  /// memory.events (cgroup v2) or memory.oom_control (v1).
  std::string path;
  /// Of that file: another container may see another cgroup under the same path.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  long long kills = 0;

  bool operator==(const OomKillCount&) const = default;
};

/// What is counted now for the memory cgroup of this process, which its job inherits. Nothing: there is no such cgroup, or
/// it does not count them.
std::optional<OomKillCount> count_oom_kills();

/// How many there were since `at_start`, which may be another process' of the same boot; nothing: the cgroup is gone, or
/// the path is another's from here.
std::optional<long long> oom_kills_since(const OomKillCount& at_start);

/// The path of this process' memory cgroup below the root of its hierarchy, from the text of /proc/self/cgroup.
struct CgroupPath {
  enum class Version { v1, v2 };
  Version version = Version::v2;
  std::string_view path;
};
/// That of v1 where there is one, since a controller is in one hierarchy only. Nothing: there is none.
std::optional<CgroupPath> memory_cgroup(std::string_view proc_self_cgroup);

}  // namespace pushmetrics
