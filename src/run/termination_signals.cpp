#include "run/termination_signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace pushmetrics {

TerminationSignals::TerminationSignals(EventLoop& loop, std::function<void()> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  sigset_t awaited;
  ::sigemptyset(&awaited);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction action {};
    // A blocked signal is queued even when it is ignored.
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
      ::sigaddset(&awaited, number);
  }
  descriptor_ = Descriptor(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
  ::sigprocmask(SIG_SETMASK, nullptr, &given_mask_);
  if (!descriptor_) return;
  ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
  loop_.watch(descriptor_.get(), POLLIN, [this](short) { read(); });
}

TerminationSignals::~TerminationSignals() {
  if (descriptor_) loop_.unwatch(descriptor_.get());
  ::sigprocmask(SIG_SETMASK, &given_mask_, nullptr);
}

void TerminationSignals::read() {
  signalfd_siginfo info{};
  while (::read(descriptor_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (caught_ == 0) caught_ = static_cast<int>(info.ssi_signo);
    on_signal_();
  }
}

}  // namespace pushmetrics
