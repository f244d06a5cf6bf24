#pragma once

#include "support/descriptor.hpp"
#include "support/event_loop.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace pushmetrics {

/// A lock that holds other processes apart, or the reason why there is none. Released when it is destroyed.
struct FileLock {
  enum class State {
    held,
    busy,        ///< another process holds it
    unsupported  ///< the file system has no locks (or `file` could not be opened, see errno): `error` says why
  };
  State state = State::unsupported;
  Descriptor file = {};
  std::string error = {};

  /// Locks a whole file (flock(2)), without waiting.
  static FileLock try_whole(Descriptor file);
  /// Locks one of 2^63 places in a file (fcntl(2), F_OFD_SETLK), without waiting. The two kinds know nothing of each
  /// other.
  static FileLock try_place(Descriptor file, std::uint64_t place);
};

/// Waits for a lock: tries now, and then every few milliseconds until `deadline`.
class FileLockWait {
 public:
  using Try = std::function<FileLock()>;
  /// Busy: it still was at the deadline.
  using Done = std::function<void(FileLock)>;

  /// Calls `done` once, never before it has returned, unless it is destroyed before.
  FileLockWait(EventLoop& loop, EventLoop::Clock::time_point deadline, Try attempt, Done done);
  ~FileLockWait() { loop_.cancel(timer_); }
  FileLockWait(const FileLockWait&) = delete;
  /// Ends it now, as at the deadline; calls `done`.
  void give_up();
  FileLockWait& operator=(const FileLockWait&) = delete;

 private:
  void attempt();

  EventLoop& loop_;
  EventLoop::Clock::time_point deadline_;
  Try try_;
  Done done_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
};

}  // namespace pushmetrics
