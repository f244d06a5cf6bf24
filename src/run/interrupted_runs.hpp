#pragma once

#include "cli/console.hpp"
#include "delivery/spool.hpp"
#include "run/run_record.hpp"
#include "support/duration.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// What was done about the runs whose pushmetrics was killed.
struct InterruptedRuns {
  /// How many reports were put into the spool, and for which targets they wait there.
  std::size_t reported = 0;
  std::vector<std::string> targets = {};
  /// Some are not handled yet: the time was over, or another process holds their counts locked. Try again soon.
  bool is_incomplete = false;
  /// Of the series of the run that looks for them.
  struct OwnSeries {
    /// A report of an interrupted run is among those in the spool.
    bool is_reported = false;
    /// Older runs may still go on.
    bool has_older = false;
  };
  OwnSeries own = {};
};

/// The run that looks for them.
struct FindingRun {
  RunRecordName name;
  /// Its own end takes the place of older runs of its series.
  bool has_ended = false;
  /// It pushes that it runs, which a report must not take back.
  bool is_running_pushed = false;
};

/// Finds the records of runs whose pushmetrics is gone, and moves what is to be reported of them to the spool, for the
/// targets of each: that the run was interrupted or, if its job had ended, its last push. A run that a newer one of its
/// series has followed is not reported. `--count` counts each. Waits for nothing, and touches no network: the reports
/// are delivered as whatever else waits there.
///
/// Each run is reported once, whatever number of processes look for it at once; if one of them is killed, another one
/// reports it. Prints notes, and what the spool discards to make room.
///
/// Each takes a write to the disk. Once `limit` is over, no further series is begun; that of the finder is the first.
InterruptedRuns report_interrupted_runs(const Spool& spool, const Console& console,
                                        const std::optional<FindingRun>& finder = std::nullopt,
                                        std::optional<Duration> limit = std::nullopt);

}  // namespace pushmetrics
