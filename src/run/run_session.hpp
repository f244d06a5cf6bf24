#pragma once

#include "delivery/outbox.hpp"
#include "job/outcome.hpp"
#include "job/steps.hpp"
#include "metrics/grouping_key.hpp"
#include "run/run_options.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// What became of the run's last push at one target.
struct TargetResult {
  std::string target;
  PushResult::Status status;
  /// False: it refused what --metric, --count or the job added; this is of the run's own metrics.
  bool is_whole = true;
};

struct RunResult {
  Outcome outcome;
  /// Every target has the run's last push, or nothing was to be pushed.
  bool pushed = false;
  std::vector<TargetResult> target_results = {};
  /// What `pushmetrics step` recorded inside the job.
  std::vector<Step> steps = {};
};

/// Runs the job and pushes how it went. `problems` of the configuration are reported once the job is on its way. Stores
/// in `options` what is known only then, such as the next run.
RunResult execute_run(RunOptions& options, const GroupingKey& group, std::vector<std::string> command,
                      const std::vector<std::string>& problems);

}  // namespace pushmetrics
