#include "pushgateway/group_snapshot.hpp"

#include "metrics/catalogue.hpp"

#include <functional>
#include <utility>

namespace pushmetrics {

void SeriesIdentity::add(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = std::hash<std::string_view>{}(name)*odd + std::hash<std::string_view>{}(value);
  mixed = (mixed ^ (mixed >> 31)) * odd;
  value_ += mixed ^ (mixed >> 29);  // a sum, so that the order does not matter
}

void drop_group_labels(std::vector<Family>& families, const GroupLabels& group) {
  for (Family& family : families)
    for (Sample& sample : family.samples)
      std::erase_if(sample.labels, [&](const Label& label) {
        return label.value.empty() || group.value(label.name).has_value();
      });
}

void GroupSnapshot::note(std::string_view metric, std::string_view prefix, double number) {
  if (!metric.starts_with(prefix)) return;
  const std::string_view rest = metric.substr(prefix.size());
  const std::pair<const RunMetric&, std::optional<double>&> places[] = {
      {run_metric::success, success},
      {run_metric::interrupted, interrupted},
      {run_metric::duration, duration_seconds},
      {run_metric::running, running},
      {run_metric::last_success, last_success_seconds},
      {run_metric::expected_interval, expected_interval_seconds},
      {run_metric::consecutive_failures, consecutive_failures}};
  for (const auto& [known, place] : places)
    if (rest == known.name) place = number;
}

void GroupSnapshot::note_counted(std::string_view metric, std::string_view prefix, std::string_view status,
                                 double number) {
  if (!metric.starts_with(prefix) || metric.substr(prefix.size()) != run_metric::runs.name) return;
  if (status == "success") runs_succeeded = number;
  if (status == "failure") runs_failed = number;
  if (status == "interrupted") runs_interrupted = number;
}

}  // namespace pushmetrics
