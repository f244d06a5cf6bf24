#pragma once

#include "delivery/target.hpp"
#include "run/count_file.hpp"
#include "support/event_loop.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// Adds up what counts from run to run of a group (pushmetrics(1), "Counting runs"). Combines the totals stored on this
/// machine with higher ones on the targets, which include runs elsewhere or before anything was stored here. So no total
/// is lost or decreases when a target is down or wiped.
class RunCounter {
 public:
  /// Told of trouble, and of what else may be of interest: parts of sentences on the job.
  struct Listener {
    std::function<void(const std::string&)> warning;
    std::function<void(const std::string&)> note;
  };

  /// Without a file, nothing is kept on this machine.
  RunCounter(EventLoop& loop, const GroupingKey& group, std::string prefix, std::optional<CountFile> file,
             Listener listener);

  /// Counts a run that began at `start` and has ended. Waits, until `deadline` at the latest, for its turn among the runs
  /// of this group on this machine, and for what the targets hold. The totals to push; nothing: none can be known now.
  std::optional<RunTotals> count(RunTotals share, std::chrono::system_clock::time_point start,
                                 const std::vector<Target>& targets, EventLoop::Clock::time_point deadline);
  /// What count() would come to without the targets; nothing is kept.
  std::optional<RunTotals> preview(RunTotals share) const;

  /// Waits no longer.
  void hurry() { hurried_ = true; }
  /// The next run's turn: this one's push is delivered, or kept.
  void end_turn() { turn_.reset(); }

 private:
  struct Held;

  Result<std::optional<Descriptor>> wait_for(CountFile::Lock which, EventLoop::Clock::time_point deadline);
  void wait_for_turn(EventLoop::Clock::time_point deadline);
  void wait_until(EventLoop::Clock::time_point deadline, const std::function<bool()>& done);
  Held held_by(const std::vector<Target>& targets, EventLoop::Clock::time_point deadline);
  std::optional<RunTotals> without_file(const RunTotals& share, const Held& held) const;

  EventLoop& loop_;
  const GroupingKey& group_;
  std::string prefix_;
  std::optional<CountFile> file_;
  Listener listener_;
  std::optional<Descriptor> turn_;
  bool hurried_ = false;
};

}  // namespace pushmetrics
