#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace pushmetrics {

/// The only place that waits: for descriptors (signals, sockets) and for points in time. Everything else is a
/// callback. Single-threaded; callbacks may add and remove watches and timers, including their own.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using TimerId = std::uint64_t;
  static constexpr TimerId no_timer = 0;

  /// Calls `on_ready` with poll(2)'s revents whenever `fd` has one of `events` (or an error); replaces an
  /// earlier watch on `fd`. The loop does not own `fd`: unwatch it before closing it.
  void watch(int fd, short events, std::function<void(short)> on_ready);
  void unwatch(int fd);

  /// Calls `on_time` once, at `when` or as soon as possible after it.
  TimerId call_at(Clock::time_point when, std::function<void()> on_time);
  /// Cancels a timer. Does nothing for `no_timer` or for one that has fired.
  void cancel(TimerId id);

  /// Calls `before_wait` once, immediately before the loop waits next.
  void call_before_wait(std::function<void()> before_wait) { before_wait_ = std::move(before_wait); }

  /// Waits and runs callbacks until `done()` is true or there is nothing left to wait for.
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
