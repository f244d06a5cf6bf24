#pragma once

#include "metrics/family.hpp"
#include "support/duration.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// One run of a stage of the job, as `pushmetrics step` records it in the job's metrics file: a line at its begin and one
/// at its end, which are comments to whoever else reads the file. Process and start distinguish runs of the same name.
struct StepRun {
  /// `build`, or `build/test` for a step within it.
  std::string name;
  pid_t process = 0;
  std::chrono::system_clock::time_point started;
};

std::string step_begin_line(const StepRun& run);
std::string step_end_line(const StepRun& run, Duration took, bool success);

/// Whether a step can have this name: UTF-8 without control characters, and not empty.
bool is_valid_step_name(std::string_view name);

/// All runs of one name.
struct Step {
  struct Interval {
    std::chrono::system_clock::time_point started;
    Duration took{};
    bool success = false;
  };
  std::string name;
  /// The sum of all runs.
  Duration took{};
  /// Of the run that ended last. A run without an end was killed together with its 'pushmetrics step': a failure.
  bool success = false;
  /// In the order of their starts.
  std::vector<Interval> intervals;
};

struct Steps {
  /// In the order of their first starts.
  std::vector<Step> steps;
  /// Names that were dropped, as there are more than anybody can want as label values.
  std::size_t omitted = 0;
};

/// The steps that are recorded in the job's metrics file; a run without an end ended with the job, at `ended`.
Steps read_steps(std::string_view text, std::chrono::system_clock::time_point ended);

/// As pushed: duration and success of each step (metrics/catalogue.hpp).
std::vector<Family> step_families(const std::vector<Step>& steps, std::string_view prefix);

}  // namespace pushmetrics
