#pragma once

#include <array>
#include <csignal>
#include <cstddef>

namespace pushmetrics {

/// As long as it lives, a crash of this process (a fault within a library that could not get memory, say) calls a
/// function, which is to end the process: it must not return, nor use memory that it would have to allocate. A second
/// crash then is what it would be without this. One at a time.
class CrashGuard {
 public:
  using End = void (*)(void* context, int signal);
  CrashGuard(End end, void* context);
  ~CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;

 private:
  static constexpr std::size_t count = 5;
  std::array<struct sigaction, count> before_{};
};

}  // namespace pushmetrics
