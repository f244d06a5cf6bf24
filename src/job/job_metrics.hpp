#pragma once

#include "metrics/family.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What is left of the metrics that a job wrote itself.
struct JobMetrics {
  std::vector<Family> families;
  /// What `pushmetrics add` added to counters, of this run only.
  std::vector<Family> added;
  /// What was dropped, and why: the first 20, and how many more.
  std::vector<std::string> warnings;
};

/// What the job's metrics are pushed with.
struct JobMetricsContext {
  /// Families of the same push, which take precedence.
  std::span<const Family> own;
  /// Of the run's own metrics, whose names are reserved (is_reserved_name()).
  std::string_view prefix;
  /// Whether a Pushgateway gets the push: it rejects names that it has itself.
  enum class Gateway { none, some } gateway = Gateway::some;
  /// A job that was killed may have written a part of its last line, and so another number.
  enum class Ending { own, killed } ending = Ending::own;
};

/// Reads what the job appended to its file. An invalid line costs that line; the last value of a series wins, unless it
/// was added; a family that cannot be pushed with the others costs that family. What is returned can be pushed with `own`.
JobMetrics read_job_metrics(std::string_view text, const JobMetricsContext& context);

/// Takes `more` into `families`: samples of a family that is there already join it.
void merge_into(std::vector<Family>& families, std::vector<Family> more);

}  // namespace pushmetrics
