#pragma once

#include "metrics/family.hpp"
#include "metrics/group_labels.hpp"
#include "run/duration_histogram.hpp"
#include "run/run_counts.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What adds up from run to run of a group. The share of a single run has the same form.
struct RunTotals {
  /// With --count.
  std::optional<RunCounts> counts = {};
  /// With --histogram.
  std::optional<DurationHistogram> durations = {};
  /// The counters of `pushmetrics add`, without the labels of the group.
  std::vector<Family> added = {};

  bool empty() const { return !counts && !durations && added.empty(); }
};

/// Drops from what was added the labels that the group has; series that are the same then are added up.
void drop_group_labels(RunTotals& totals, const GroupLabels& group);

/// What two places know of the same runs: no count falls. See the functions of that name for the parts.
RunTotals merged(const RunTotals& one, const RunTotals& other);

/// `earlier`, and then the runs of `later`, none of which is among them.
RunTotals followed_by(const RunTotals& earlier, const RunTotals& later);

/// The parts of `totals` that `others` have as well, or those that they lack: the counts, the histogram, and each
/// family by its name.
enum class Parts { common, missing };
RunTotals parts_of(const RunTotals& totals, Parts which, const RunTotals& others);

/// As they are pushed.
std::vector<Family> total_families(const RunTotals& totals, std::string_view prefix);

/// Reverses total_families(), from what a group holds: any counter can be one of `pushmetrics add`. What cannot be counts
/// is left out.
RunTotals read_totals(std::vector<Family> families, std::string_view prefix);

/// What is known here of a group, and what is known of it only here: it is to be added to what the targets hold, which
/// none could say yet.
struct KnownTotals {
  RunTotals all = {};
  RunTotals here_only = {};
};

/// Adds a run. `held` is what the targets hold; nothing: none could say.
void add_run(KnownTotals& known, const RunTotals& share, const std::optional<RunTotals>& held);

}  // namespace pushmetrics
