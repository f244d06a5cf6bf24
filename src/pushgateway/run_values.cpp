#include "pushgateway/run_values.hpp"

#include "metrics/catalogue.hpp"

namespace pushmetrics {

RunValues* RunValuesFinder::values_of(std::string_view metric, std::string_view name) {
  if (!metric.ends_with(name)) return nullptr;
  const std::string_view prefix = metric.substr(0, metric.size() - name.size());
  if (prefix_ ? prefix != *prefix_ : prefix.empty()) return nullptr;
  const auto found = by_prefix_.find(prefix);
  return found != by_prefix_.end() ? &found->second : &by_prefix_[std::string(prefix)];
}

void RunValuesFinder::note(std::string_view metric, double value) {
  using Place = std::optional<double> RunValues::*;
  constexpr std::pair<const RunMetric&, Place> places[] = {
      {run_metric::success, &RunValues::success},
      {run_metric::interrupted, &RunValues::interrupted},
      {run_metric::duration, &RunValues::duration_seconds},
      {run_metric::running, &RunValues::running},
      {run_metric::start, &RunValues::start_seconds},
      {run_metric::last_success, &RunValues::last_success_seconds},
      {run_metric::expected_interval, &RunValues::expected_interval_seconds},
      {run_metric::consecutive_failures, &RunValues::consecutive_failures}};
  for (const auto& [known, place] : places)
    if (RunValues* values = values_of(metric, known.name)) values->*place = value;
}

void RunValuesFinder::note_counted(std::string_view metric, std::string_view status, double value) {
  RunValues* values = values_of(metric, run_metric::runs.name);
  if (!values) return;
  if (status == "success") values->runs_succeeded = value;
  if (status == "failure") values->runs_failed = value;
  if (status == "interrupted") values->runs_interrupted = value;
}

RunValues RunValuesFinder::values() const {
  constexpr std::string_view default_prefix = "job_";
  std::optional<RunValues> last;
  for (const auto& [prefix, values] : by_prefix_) {
    if (prefix_) return values;
    const bool is_job = values.start_seconds || prefix == default_prefix;
    if (is_job && (!last || values.start_seconds > last->start_seconds)) last = values;
  }
  return last.value_or(RunValues{});
}

}  // namespace pushmetrics
