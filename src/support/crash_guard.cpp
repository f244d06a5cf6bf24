#include "support/crash_guard.hpp"

namespace pushmetrics {
namespace {

constexpr std::array crash_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

CrashGuard::End on_crash = nullptr;
void* crash_context = nullptr;

void handle_crash(int signal) {
  on_crash(crash_context, signal);
  std::raise(signal);  // whose disposition is the default one by now
}

}  // namespace

CrashGuard::CrashGuard(End end, void* context) {
  static_assert(crash_signals.size() == count);
  on_crash = end;
  crash_context = context;
  struct sigaction action {};
  action.sa_handler = handle_crash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (std::size_t i = 0; i < count; ++i) ::sigaction(crash_signals[i], &action, &before_[i]);
}

CrashGuard::~CrashGuard() {
  for (std::size_t i = 0; i < count; ++i) ::sigaction(crash_signals[i], &before_[i], nullptr);
}

}  // namespace pushmetrics
