#pragma once

#include "metrics/family.hpp"
#include "support/duration.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// How long the runs of a group took (--histogram).
struct DurationHistogram {
  /// Upper bounds in seconds, ascending; without that of all runs.
  std::vector<double> bounds;
  /// For each bound, how many runs took no longer. Whole numbers; doubles as they are samples.
  std::vector<double> counts;
  double count = 0;
  double sum = 0;

  bool operator==(const DurationHistogram&) const = default;
};

/// From a second to a day.
std::vector<double> default_duration_bounds();

/// Of a single run.
DurationHistogram observed_duration(std::vector<double> bounds, Duration took);

/// What two places know of the same runs: what the one that knows of more runs knows; in a tie, the first. The first,
/// too, if their bounds differ.
DurationHistogram merged(const DurationHistogram& one, const DurationHistogram& other);

/// `earlier`, and then the runs of `later`. Without the former if their bounds differ.
DurationHistogram followed_by(const DurationHistogram& earlier, const DurationHistogram& later);

/// As it is pushed (metrics/catalogue.hpp).
Family duration_family(const DurationHistogram& histogram, std::string_view prefix);

/// Reverses duration_family(); nothing: it is no such histogram.
std::optional<DurationHistogram> read_duration_family(const Family& family);

}  // namespace pushmetrics
