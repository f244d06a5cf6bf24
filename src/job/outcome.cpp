#include "job/outcome.hpp"

#include "support/text.hpp"

#include <csignal>
#include <cstring>

namespace pushmetrics {

int Outcome::status() const {
  constexpr int of_time_out = 124;
  if (timed_out) return of_time_out;
  switch (ending) {
    case Ending::exited: return number;
    case Ending::killed: return 128 + number;
    case Ending::not_executable: return 126;
    case Ending::not_found: return 127;
  }
  return 126;
}

std::string Outcome::describe() const {
  if (timed_out) return "timed out after " + format_duration(took);
  switch (ending) {
    case Ending::exited: return "exited " + std::to_string(number);
    case Ending::killed: return "was killed by " + signal_name(number);
    case Ending::not_executable: return concat({"cannot be executed: ", ::strerror(number)});
    case Ending::not_found: return "was not found";
  }
  return {};
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : concat({"SIG", name});
}

}  // namespace pushmetrics
