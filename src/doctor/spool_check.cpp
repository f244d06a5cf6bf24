#include "doctor/spool_check.hpp"

#include "groups/group_state.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace pushmetrics {
namespace {

/// Why nothing can be written there; empty: something can. What does not exist is made when it is needed.
std::string problem_of(std::string directory) {
  while (true) {
    if (::access(directory.c_str(), F_OK) == 0 || directory.size() <= 1) {
      // Tried, since root may write everywhere, access(2) says; but not in /proc.
      std::string probe = concat({directory, "/.pushmetrics-XXXXXX"});
      const bool can_write = ::mkdtemp(probe.data()) != nullptr && ::rmdir(probe.c_str()) == 0;
      return can_write ? "" : concat({directory, ": ", ::strerror(errno)});
    }
    if (errno != ENOENT) return concat({directory, ": ", ::strerror(errno)});
    const std::size_t slash = directory.rfind('/');
    directory.resize(slash == std::string::npos || slash == 0 ? 1 : slash);
    if (slash == std::string::npos) directory = ".";
  }
}

}  // namespace

void check_spool(const std::optional<Spool>& spool, CheckReport& section) {
  if (!spool)
    return section.warn("spool", "is turned off: a push that fails is lost", "leave out --no-spool");
  if (spool->directory().empty())
    return section.warn("spool", "there is no directory for it: a push that fails is lost",
                        "give --spool DIR");
  const std::string problem = problem_of(spool->directory());
  if (!problem.empty())
    return section.warn("spool", concat({"cannot be written: ", problem, "; a push that fails is lost"}),
                        "give --spool DIR, or permit it");
  std::size_t count = 0;
  std::optional<GroupSnapshot::Time> oldest;
  for (const std::string& target : spool->targets())
    for (const Spool::Item& item : spool->waiting(target)) {
      ++count;
      oldest = std::min(oldest.value_or(item.written), item.written);
    }
  if (count == 0) return section.ok("spool", concat({spool->directory(), " can be written; nothing waits"}));
  section.warn(
      "spool",
      concat({std::to_string(count), count == 1 ? " push waits in " : " pushes wait in ", spool->directory(),
              ", the oldest since ", age_words(oldest, std::chrono::system_clock::now())}),
      "they go with the next push, or run: pushmetrics flush");
}

}  // namespace pushmetrics
