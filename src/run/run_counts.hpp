#pragma once

#include "metrics/family.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pushmetrics {

enum class RunEnd {
  success,
  failure,
  interrupted  ///< nobody observed it
};

/// How often a group's job has run, and how. Whole numbers; doubles as they are samples.
struct RunCounts {
  double succeeded = 0;
  double failed = 0;
  /// Runs since the last success.
  double consecutive_failures = 0;
  double interrupted = 0;

  double runs() const { return succeeded + failed + interrupted; }
  bool operator==(const RunCounts&) const = default;
};

/// Of a single run.
RunCounts counts_of(RunEnd end);

/// What two places know of the same runs: no count falls, and the consecutive failures are those of the place
/// that knows of more runs; in a tie, of the first.
RunCounts merged(const RunCounts& one, const RunCounts& other);

/// `earlier`, and then the runs of `later`, none of which is among them.
RunCounts followed_by(const RunCounts& earlier, const RunCounts& later);

/// Those among the families of a group; nothing if there are none, or what cannot be counts.
std::optional<RunCounts> run_counts_of(std::span<const Family> families, std::string_view prefix);
/// A whole number, up to where a double can count on by one.
bool is_count(double value);

/// As they are pushed: always every status, so that a first failure is seen as an increase.
std::vector<Family> count_families(const RunCounts& counts, std::string_view prefix);

}  // namespace pushmetrics
