#include "doctor/spool_check.hpp"

#include "delivery/other_spools.hpp"
#include "groups/group_state.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace pushmetrics {
namespace {

struct Probe {
  /// Why nothing can be written there; empty: something can.
  std::string problem = {};
  /// Why nothing can be locked there.
  std::string lock_problem = {};
};

/// Tried, since root may write everywhere, access(2) says; but not in /proc. What does not exist is made when it is
/// needed.
Probe probe(std::string directory) {
  while (::access(directory.c_str(), F_OK) != 0 && directory.size() > 1) {
    if (errno != ENOENT) return {concat({directory, ": ", ::strerror(errno)})};
    const std::size_t slash = directory.rfind('/');
    directory.resize(slash == std::string::npos || slash == 0 ? 1 : slash);
    if (slash == std::string::npos) directory = ".";
  }
  std::string name = concat({directory, "/.pushmetrics-XXXXXX"});
  Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file || ::unlink(name.c_str()) != 0) return {concat({directory, ": ", ::strerror(errno)})};
  const FileLock lock = FileLock::try_whole(std::move(file));
  return {{}, lock.state == FileLock::State::unsupported ? lock.error : std::string()};
}

}  // namespace

void check_spool(const std::optional<Spool>& spool, CheckReport& section) {
  if (!spool)
    return section.warn("spool", "is turned off: a push that fails is lost", "leave out --no-spool");
  if (spool->directory().empty())
    return section.warn("spool", "there is no directory for it: a push that fails is lost",
                        "give --spool DIR");
  const auto waiting = spool->look();
  if (!waiting && waiting.failure().error_number != ENOENT)
    return section.warn("spool", concat({"cannot be used: ", waiting.error(), "; a push that fails is lost"}),
                        "give --spool DIR, or permit it");
  const Probe probed = probe(spool->directory());
  if (!probed.problem.empty())
    return section.warn("spool",
                        concat({"cannot be written: ", probed.problem, "; a push that fails is lost"}),
                        "give --spool DIR, or permit it");
  if (!probed.lock_problem.empty())
    section.warn(
        "spool", concat({"no file can be locked in ", spool->directory(), ": ", probed.lock_problem}),
        "what waits is delivered all the same, perhaps twice; better: --spool DIR on another file system");
  if (waiting)
    for (const std::string& problem : waiting->problems)
      section.warn("spool", problem, "what waits there cannot be delivered until that is permitted");
  if (!waiting || waiting->count == 0)
    return section.ok("spool", concat({spool->directory(), " can be written; nothing waits"}));
  section.warn("spool",
               concat({std::to_string(waiting->count),
                       waiting->count == 1 ? " push waits in " : " pushes wait in ", spool->directory(),
                       ", the oldest since ", age_words(waiting->oldest, std::chrono::system_clock::now())}),
               "they go with the next push, or run: pushmetrics flush");
}

void check_other_spools(const std::optional<Spool>& spool, CheckReport& section) {
  for (const OtherSpool& other : find_other_spools(spool ? spool->directory() : ""))
    section.warn("spool", other.describe(), other.hint());
}

}  // namespace pushmetrics
