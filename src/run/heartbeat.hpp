#pragma once

#include "delivery/outbox.hpp"
#include "support/event_loop.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>

namespace pushmetrics {

/// Pushes that the job runs: once it has started and, with an interval, again and again. Nothing waits for these pushes,
/// none is spooled, and none is sent before every target has answered the last one.
class Heartbeat {
 public:
  /// What to push now; nothing once the job has ended.
  using Compose = std::function<std::optional<Push>()>;
  /// Why a target did not take one.
  using OnFailure = std::function<void(const std::string& reason)>;

  Heartbeat(EventLoop& loop, std::optional<Duration> interval, Compose compose, OnFailure on_failure);
  ~Heartbeat() { loop_.cancel(timer_); }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// Pushes the first one. `outbox` must stay until end().
  void begin(Outbox& outbox);
  /// Nothing of a running job may arrive after its end: what is under way is awaited for a moment, then given up.
  void end(Outbox& outbox);

  /// Targets that gave no answer: they may yet handle what they were sent, even after the last push.
  void mark_unanswered(const Target& target) { unanswered_.insert(&target); }
  /// Whether it was one of them.
  bool forget_unanswered(const Target& target) { return unanswered_.erase(&target) > 0; }

 private:
  void push(Outbox& outbox);

  EventLoop& loop_;
  std::optional<Duration> interval_;
  Compose compose_;
  OnFailure on_failure_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
  std::set<const Target*> unanswered_;
};

}  // namespace pushmetrics
