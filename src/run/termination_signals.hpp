#pragma once

#include "support/descriptor.hpp"
#include "support/event_loop.hpp"

#include <csignal>
#include <functional>

namespace pushmetrics {

/// For a command without a job: SIGTERM, SIGINT and SIGHUP do not end the process while this lives, but call
/// `on_signal`, so that what is under way can still be kept. Those ignored on entry (nohup) stay
/// so. Neither does a closed pipe on standard error, or a limit of the size of files.
class TerminationSignals {
 public:
  TerminationSignals(EventLoop& loop, std::function<void()> on_signal);
  ~TerminationSignals();
  TerminationSignals(const TerminationSignals&) = delete;
  TerminationSignals& operator=(const TerminationSignals&) = delete;

  /// The first that came, 0 for none. Whoever is done with his work dies of it, as if it had not been held
  /// up.
  int caught() const { return caught_; }

 private:
  void read();

  EventLoop& loop_;
  std::function<void()> on_signal_;
  sigset_t given_mask_{};
  Descriptor descriptor_;
  int caught_ = 0;
};

}  // namespace pushmetrics
