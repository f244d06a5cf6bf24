#include "job/process_tree.hpp"

#include "support/descriptor.hpp"
#include "support/regular_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

namespace pushmetrics {
namespace {

/// The parent of `pid`, or 0 when there is none or it cannot be known (proc(5), /proc/pid/stat).
pid_t parent_of(pid_t pid) {
  char buffer[512];
  std::snprintf(buffer, sizeof buffer, "/proc/%ld/stat", static_cast<long>(pid));
  const Descriptor file(::open(buffer, O_RDONLY | O_CLOEXEC));
  const ssize_t length = file ? ::read(file.get(), buffer, sizeof buffer) : 0;
  if (length <= 0) return 0;
  // The second field is the program's name in parentheses, which may hold any character; then a space, the
  // state, a space and the parent.
  const std::string_view stat(buffer, static_cast<std::size_t>(length));
  const std::size_t name_end = stat.rfind(')');
  pid_t parent = 0;
  if (name_end != std::string_view::npos && stat.size() > name_end + 4)
    std::from_chars(stat.data() + name_end + 4, stat.data() + stat.size(), parent);
  return parent;
}

}  // namespace

bool has_controlling_terminal() {
  return static_cast<bool>(Descriptor(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)));
}

bool descends_from(pid_t pid, pid_t ancestor) {
  for (; pid > 0; pid = parent_of(pid))
    if (pid == ancestor) return true;
  return false;
}

std::vector<pid_t> process_tree(pid_t ancestor) {
  std::vector<pid_t> tree{ancestor};
  for (const std::string& name : names_in("/proc")) {
    pid_t pid = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), pid).ptr;
    if (end == name.data() + name.size() && pid != ancestor && descends_from(pid, ancestor))
      tree.push_back(pid);
  }
  return tree;
}

}  // namespace pushmetrics
