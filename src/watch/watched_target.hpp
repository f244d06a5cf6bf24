#pragma once

#include "cli/delivery_options.hpp"
#include "delivery/outbox.hpp"

#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace pushmetrics {

/// Delivers what waits in a spool for one target, again and again until nothing waits, with pauses between. While it
/// pauses, it has no connection and has read no secret.
class WatchedTarget {
 public:
  enum class Importance {
    error,  ///< a push is lost
    warn,   ///< passed on once, however often it happens
    note
  };
  using Report = std::function<void(Importance, const std::string&)>;

  /// `options` names the target alone; they, `spool` and the loop must outlive this. Calls `done` once, from the loop,
  /// when nothing waits any more, or after end().
  WatchedTarget(EventLoop& loop, DeliveryOptions options, Spool spool, Report report,
                std::function<void()> done);
  ~WatchedTarget();
  WatchedTarget(const WatchedTarget&) = delete;
  WatchedTarget& operator=(const WatchedTarget&) = delete;

  /// Tries once more, at once, and then ends.
  void end_soon();
  /// Gives up what is under way, and ends.
  void end_now();

 private:
  struct Round;

  void begin();
  void end(const Backlog::Result& result);
  void finish();
  void warn(const std::string& sentence);
  void on_notice(SpoolNotice notice, const std::string& sentence);
  std::string failure(const Backlog::Result& result) const;

  EventLoop& loop_;
  DeliveryOptions options_;
  Spool spool_;
  Report report_;
  std::function<void()> done_;
  std::unique_ptr<Round> round_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
  std::mt19937 random_;
  /// Warnings that were passed on.
  std::set<std::string> warned_;
  int failures_ = 0;
  bool is_ending_ = false;
};

}  // namespace pushmetrics
