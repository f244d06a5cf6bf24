#include "support/process_identity.hpp"

#include "support/small_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace pushmetrics {
namespace {

/// Field 22 of /proc/PID/stat; 0: there is no such process, or it is a zombie.
std::uint64_t start_of(const char* path) {
  std::array<char, 1024> buffer;
  std::string_view stat = read_small_file(path, buffer);
  // The second field is the program's name in parentheses, which may hold any character.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || stat.size() < name_end + 3) return 0;
  stat.remove_prefix(name_end + 2);
  if (stat.front() == 'Z' || stat.front() == 'X') return 0;
  constexpr int fields_between = 19;  // from the state, the third, to the 22nd
  for (int field = 0; field < fields_between; ++field) {
    const std::size_t blank = stat.find(' ');
    if (blank == std::string_view::npos) return 0;
    stat.remove_prefix(blank + 1);
  }
  std::uint64_t start = 0;
  std::from_chars(stat.data(), stat.data() + stat.size(), start);
  return start;
}

}  // namespace

ProcessIdentity this_process() {
  ProcessIdentity identity;
  std::array<char, 64> boot;
  identity.boot = read_small_file("/proc/sys/kernel/random/boot_id", boot);
  if (identity.boot.ends_with('\n')) identity.boot.pop_back();
  struct stat status {};
  if (::stat("/proc/self/ns/pid", &status) == 0) identity.pid_namespace = status.st_ino;
  identity.pid = ::getpid();
  identity.start = start_of("/proc/self/stat");
  return identity;
}

ProcessState state_of(const ProcessIdentity& process, const ProcessIdentity& here) {
  if (process.boot.empty() || here.boot.empty()) return ProcessState::unknown;
  if (process.boot != here.boot) return ProcessState::gone;
  if (process.pid_namespace == 0 || process.pid_namespace != here.pid_namespace || process.start == 0)
    return ProcessState::unknown;
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "/proc/%ld/stat", static_cast<long>(process.pid));
  return start_of(path.data()) == process.start ? ProcessState::alive : ProcessState::gone;
}

}  // namespace pushmetrics
