#pragma once

#include "cli/delivery_options.hpp"
#include "watch/spool_events.hpp"
#include "watch/watched_target.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pushmetrics {

/// The targets that something waits for: those that are configured, and others by the URL that the spool knows.
std::vector<TargetUrl> waiting_targets(std::vector<TargetUrl> configured,
                                       const std::vector<std::string>& waiting);

/// Stays and delivers what waits in a spool: what is there, and what is added. A target that is down is tried again,
/// and holds up no other. Where nothing waits, nothing is done until the kernel reports that something was added.
class SpoolWatch {
 public:
  enum class Until {
    ended,  ///< by end()
    empty   ///< nothing waits any more
  };
  enum class Result {
    done,
    lost,   ///< and some of what waited was discarded
    failed  ///< the spool cannot be read
  };

  /// Begins in the loop, which must outlive this, as must the options and the console.
  SpoolWatch(EventLoop& loop, const DeliveryOptions& options, Spool spool, Until until,
             const Console& console);
  ~SpoolWatch();
  SpoolWatch(const SpoolWatch&) = delete;
  SpoolWatch& operator=(const SpoolWatch&) = delete;

  /// Nothing is left to do: end() was called, or the spool is empty.
  bool is_done() const { return is_done_; }
  Result result() const { return result_; }

  /// Looks at the spool once more, tries every target once more and, in the time of one push, ends. The second time, at
  /// once.
  void end();

 private:
  void look_soon();
  void look();
  void begin(const TargetUrl& url);
  void end_target(const std::string& name);
  void end_if_empty(bool is_empty);
  void rest();
  void fail(const Failure& failure);
  void warn(const std::string& sentence);

  EventLoop& loop_;
  const DeliveryOptions& options_;
  Spool spool_;
  Until until_;
  const Console& console_;
  SpoolEvents events_;
  /// By name.
  std::map<std::string, std::unique_ptr<WatchedTarget>> targets_;
  std::set<std::string> warned_;
  EventLoop::TimerId look_ = EventLoop::no_timer;
  EventLoop::Clock::time_point next_look_ = EventLoop::Clock::time_point::max();
  EventLoop::Clock::time_point last_look_;
  Duration look_took_{};
  EventLoop::TimerId last_call_ = EventLoop::no_timer;
  bool is_ending_ = false;
  bool is_done_ = false;
  Result result_ = Result::done;
};

}  // namespace pushmetrics
