#include "job/signals.hpp"

#include "support/text.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <string>

namespace pushmetrics {
namespace {

int signal_by_name(std::string_view text) {
  std::string name(text);
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const std::string_view short_name = std::string_view(name).substr(name.starts_with("SIG") ? 3 : 0);
  for (int number = 1; number < NSIG; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && short_name == known) return number;
  }
  return 0;
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, number).ptr != end || text.empty()) number = signal_by_name(text);
  if (number > 0 && number < NSIG) return number;
  return Failure{concat({"unknown signal ", in_quotes(text), ": write it as TERM, INT or 9"})};
}

SignalState::SignalState() {
  ::sigemptyset(&supervised_);
  for (const int number : forwarded_signals) {
    struct sigaction action {};
    // A blocked signal is queued even when it is ignored, so an ignored one must not be blocked.
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
      ::sigaddset(&supervised_, number);
  }
  ::sigaddset(&supervised_, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &supervised_, &given_mask_);

  // Were SIGCHLD ignored, as some daemons leave it, the kernel would throw the job's exit status away.
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &by_default, &given_child_action_);
}

void SignalState::restore_for_job() const {
  ::sigaction(SIGCHLD, &given_child_action_, nullptr);
  ::sigprocmask(SIG_SETMASK, &given_mask_, nullptr);
}

void die_of_signal(int number) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // Where the kernel's core pattern is a pipe, it disregards the limit.
  ::prctl(PR_SET_DUMPABLE, 0);
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  ::sigaction(number, &by_default, nullptr);
  ::kill(::getpid(), number);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, number);
  ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
}

int end_like(const Outcome& outcome) {
  const bool was_killed = outcome.ending == Outcome::Ending::killed && !outcome.timed_out;
  if (was_killed && ::getpid() != 1) die_of_signal(outcome.number);
  return outcome.status();
}

}  // namespace pushmetrics
