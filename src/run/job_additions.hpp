#pragma once

#include "job/job_metrics_file.hpp"
#include "job/outcome.hpp"
#include "job/steps.hpp"
#include "metrics/family.hpp"
#include "metrics/grouping_key.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What the job added to the push of its run by PUSHMETRICS_FILE.
struct JobAdditions {
  /// Its metrics, and those of its steps.
  std::vector<Family> families;
  /// What `pushmetrics add` added to counters, of this run only.
  std::vector<Family> counters;
  std::vector<Step> steps;
  /// What of its metrics was dropped, and why.
  std::vector<std::string> metric_warnings;
  std::vector<std::string> step_warnings;
};

struct JobAdditionsContext {
  /// The other families of the push, which take precedence.
  const std::vector<Family>& known;
  const Outcome& outcome;
  const GroupingKey& group;
  std::string_view prefix;
  /// Whether a Pushgateway gets the push.
  bool to_gateway;
};

/// `contents` are those of its file.
JobAdditions read_job_additions(const Result<JobMetricsFile::Contents>& contents,
                                const JobAdditionsContext& context);

}  // namespace pushmetrics
