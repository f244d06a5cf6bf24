#pragma once

#include "app/run.hpp"
#include "job/outcome.hpp"
#include "metrics/grouping_key.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

struct RunResult {
  Outcome outcome;
  /// Every target has the run's last push, or nothing was to be pushed.
  bool pushed = false;
};

/// Runs the job and pushes how it went. `problems` of the configuration are told once the job is on its way.
RunResult execute_run(const RunOptions& options, const GroupingKey& group, std::vector<std::string> command,
                      const std::vector<std::string>& problems);

}  // namespace pushmetrics
