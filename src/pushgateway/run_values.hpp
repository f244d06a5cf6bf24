#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pushmetrics {

/// Values of the metrics that `pushmetrics run` pushes; empty if a group has none.
struct RunValues {
  std::optional<double> success, interrupted, duration_seconds, running, start_seconds, last_success_seconds,
      expected_interval_seconds;
  /// The counts of --count.
  std::optional<double> runs_succeeded, runs_failed, runs_interrupted, consecutive_failures;
};

/// Finds these values among the metrics of a group.
class RunValuesFinder {
 public:
  /// `prefix` is that of the metrics' names; without one, any prefix will do.
  explicit RunValuesFinder(std::optional<std::string> prefix) : prefix_(std::move(prefix)) {}

  /// A family with one sample.
  void note(std::string_view metric, double value);
  /// A sample with the label `status`.
  void note_counted(std::string_view metric, std::string_view status, double value);

  /// Without a prefix, only what begins with job_ or has a start is a job, since metrics of others end in the same way;
  /// of several, that of the last start.
  RunValues values() const;

 private:
  RunValues* values_of(std::string_view metric, std::string_view name);

  std::optional<std::string> prefix_;
  std::map<std::string, RunValues, std::less<>> by_prefix_;
};

}  // namespace pushmetrics
