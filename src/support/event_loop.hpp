#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace pushmetrics {

/// The one place that waits: for descriptors (signals, sockets) and for points in time. All else is told.
/// One thread; callbacks may add and remove watches and timers, their own included.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using TimerId = std::uint64_t;
  static constexpr TimerId no_timer = 0;

  /// Calls `on_ready` with poll(2)'s revents whenever `fd` has one of `events` (or an error); replaces an
  /// earlier watch on `fd`. The loop does not own `fd`: unwatch it before closing it.
  void watch(int fd, short events, std::function<void(short)> on_ready);
  void unwatch(int fd);

  /// Calls `on_time` once, at `when` or as soon after as may be.
  TimerId call_at(Clock::time_point when, std::function<void()> on_time);
  /// Forgets a timer; one that has run, or `no_timer`, is let be.
  void cancel(TimerId id);

  /// Calls `before_wait` once, when all is done and the loop waits next: nothing runs between.
  void call_before_wait(std::function<void()> before_wait) { before_wait_ = std::move(before_wait); }

  /// Waits and calls back until `done()` holds or nothing is left to wait for.
  void run_until(const std::function<bool()>& done);

 private:
  struct Watch {
    short events;
    std::shared_ptr<std::function<void(short)>> on_ready;
  };
  struct Timer {
    Clock::time_point when;
    TimerId id;
    bool operator<(const Timer& other) const {
      return when != other.when ? when < other.when : id < other.id;
    }
  };

  void wait_once();
  void run_due_timers();

  std::map<int, Watch> watches_;
  std::map<Timer, std::function<void()>> timers_;
  std::map<TimerId, Clock::time_point> due_;
  TimerId last_timer_ = no_timer;
  std::function<void()> before_wait_;
};

}  // namespace pushmetrics
