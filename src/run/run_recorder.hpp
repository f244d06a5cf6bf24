#pragma once

#include "cli/console.hpp"
#include "run/interrupted_reports.hpp"
#include "run/run_journal.hpp"
#include "run/run_options.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace pushmetrics {

/// Keeps the record of this run, so that it is reported if its pushmetrics is killed; and reports runs that were
/// interrupted, which delays neither the job nor its push.
class RunRecorder {
 public:
  using GetTargets = std::function<const std::vector<Target>&()>;

  /// `options` and `console` must outlive it.
  RunRecorder(EventLoop& loop, const RunOptions& options, const Console& console)
      : loop_(loop), options_(options), console_(console) {}
  ~RunRecorder() { loop_.cancel(search_); }
  RunRecorder(const RunRecorder&) = delete;
  RunRecorder& operator=(const RunRecorder&) = delete;

  /// The job has started.
  void begin(const GroupingKey& group, std::chrono::system_clock::time_point started,
             const std::optional<OomKillCount>& oom_kills_before, const std::string& metrics_file);
  /// Looks for interrupted runs as soon as the loop waits for the job, unless it has ended by then: a report that is younger
  /// than the end of this run would take its place. `targets` gives those of this run.
  void search_soon(GetTargets targets, std::function<bool()> job_has_ended);
  /// The job goes on for a while.
  void begin_sync() const;

  /// The job has ended: nothing is begun beside it any more. True: a target may still take up the report of an older run
  /// of the same group, which was under way.
  bool end_search();
  /// Before this run is counted: counts older runs of the group.
  void count_older();
  /// Before the last push is sent.
  void add_end(const Push& push) const;
  /// Before this run's share is added to the totals: if that fails, `push` is known.
  void add_end(const Push& push, const RunTotals& share) const;
  /// The last push is delivered or spooled, or reported lost. With a `moment`, reports of other runs are delivered now.
  enum class Moment { none, one };
  void finish(const GetTargets& targets, Moment moment);

 private:
  void search();
  void deliver(const std::vector<Target>& targets);
  InterruptedRuns report(bool has_ended, Duration limit);

  EventLoop& loop_;
  const RunOptions& options_;
  const Console& console_;
  std::optional<Spool> spool_;
  std::optional<OwnRunRecord> record_;
  GetTargets targets_;
  std::function<bool()> job_has_ended_;
  EventLoop::TimerId search_ = EventLoop::no_timer;
  bool has_searched_ = false;
  /// Those that found nothing to report.
  int idle_searches_ = 0;
  InterruptedRuns::OwnSeries own_;
  /// For which reports wait in the spool.
  std::vector<std::string> waiting_;
  /// Some of them wait since deliver() was called last.
  bool is_delivery_due_ = false;
  std::optional<InterruptedReports> reports_;
};

}  // namespace pushmetrics
