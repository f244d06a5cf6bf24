#pragma once

#include "job/outcome.hpp"
#include "support/result.hpp"

#include <array>
#include <csignal>
#include <string_view>

namespace pushmetrics {

/// The signals that are forwarded to the job (pushmetrics(1), JOBS).
inline constexpr std::array forwarded_signals{SIGTERM, SIGINT,   SIGHUP,  SIGQUIT, SIGUSR1,
                                              SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP};

/// Reads `TERM`, `SIGTERM`, `sigterm` or `15`.
Result<int> parse_signal(std::string_view text);

/// The signal state that pushmetrics was started with, and its own while it supervises: the forwarded signals
/// and SIGCHLD are blocked, to be read from a signalfd, except those that were ignored on entry (nohup),
/// which stay so.
class SignalState {
 public:
  /// Blocks. Nothing that is sent from now on is lost: it waits until the signalfd is read.
  SignalState();
  SignalState(const SignalState&) = delete;
  SignalState& operator=(const SignalState&) = delete;

  /// What pushmetrics reads from its signalfd.
  const sigset_t& supervised() const { return supervised_; }

  /// Gives the calling process, which is about to execute the job, the state that pushmetrics was given.
  /// Async-signal-safe.
  void restore_for_job() const;

 private:
  sigset_t given_mask_{};
  sigset_t supervised_{};
  struct sigaction given_child_action_ {};
};

/// Ends this process as signal `number` would have, but without a core dump. Returns only where the kernel
/// does not let it (a process with the number 1).
void die_of_signal(int number);

/// Ends as the job did: dies of its signal, or returns its exit status, 124 for a time-out. A process with the number 1
/// cannot die of a signal: its status is 128+n.
int end_like(const Outcome& outcome);

}  // namespace pushmetrics
