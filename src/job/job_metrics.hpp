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
  /// What was not taken, and why: whole sentences.
  std::vector<std::string> warnings;
};

/// Reads what the job appended to its file. A bad line costs that line; the last value of a series wins; a
/// family named like one of the `own`, which are the run's, is refused. What is returned can be pushed along
/// with them.
JobMetrics read_job_metrics(std::string_view text, std::span<const Family> own);

/// Takes `more` into `families`: samples of a family that is there already join it.
void merge_into(std::vector<Family>& families, std::vector<Family> more);

}  // namespace pushmetrics
