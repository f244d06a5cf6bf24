#pragma once

#include "delivery/retry_policy.hpp"
#include "sinks/sink.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pushmetrics {

/// How it ended: the result of the last attempt, and what it took.
struct RetryResult {
  AttemptResult last;
  int attempts = 0;
  Duration took{};
  /// What has not arrived, if a part of the push has; else null.
  SharedPush rest = nullptr;
};

/// Attempts something until it is done, rejected, or out of time or retries, with backoff in between.
class RetryLoop {
 public:
  using Clock = EventLoop::Clock;
  /// Begins one attempt, which ends at `deadline` at the latest: with `rest`, if that is not null, as all else has
  /// arrived. `rest` outlives the attempt.
  using Try =
      std::function<std::unique_ptr<Attempt>(Clock::time_point deadline, const SharedPush& rest, Sink::Done)>;
  using Done = std::function<void(RetryResult)>;

  /// Calls `done` once, never before it has returned, unless it is destroyed before.
  RetryLoop(EventLoop& loop, int retries, Clock::time_point deadline, Try attempt, Done done);
  ~RetryLoop() { loop_.cancel(timer_); }
  RetryLoop(const RetryLoop&) = delete;
  RetryLoop& operator=(const RetryLoop&) = delete;

  /// Ends it now, as not done because of `why`; calls `done`.
  void give_up(const std::string& why);

 private:
  void attempt();
  void judge();
  void end_attempt(bool is_over);
  void finish(AttemptResult result);

  EventLoop& loop_;
  int retries_;
  Clock::time_point began_ = Clock::now();
  Clock::time_point deadline_;
  Try try_;
  Done done_;
  int attempts_ = 0;
  /// Attempts since a part of the push has arrived: each part has all retries.
  int tries_ = 0;
  Remainder rest_;
  /// Of the attempt before the present one.
  AttemptResult last_;
  /// Of the present one, once it has ended.
  std::optional<AttemptResult> ended_;
  std::unique_ptr<Attempt> attempt_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
};

}  // namespace pushmetrics
