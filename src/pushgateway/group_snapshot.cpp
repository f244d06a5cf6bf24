#include "pushgateway/group_snapshot.hpp"

#include <functional>

namespace pushmetrics {

void SeriesIdentity::add(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = std::hash<std::string_view>{}(name)*odd + std::hash<std::string_view>{}(value);
  mixed = (mixed ^ (mixed >> 31)) * odd;
  value_ += mixed ^ (mixed >> 29);  // a sum, so that the order does not matter
}

void GroupSnapshot::note(std::string_view metric, std::string_view prefix, double number) {
  if (!metric.starts_with(prefix)) return;
  const std::string_view rest = metric.substr(prefix.size());
  if (rest == "success") success = number;
  if (rest == "duration_seconds") duration_seconds = number;
  if (rest == "running") running = number;
  if (rest == "last_success_timestamp_seconds") last_success_seconds = number;
  if (rest == "expected_interval_seconds") expected_interval_seconds = number;
  if (rest == "consecutive_failures") consecutive_failures = number;
}

void GroupSnapshot::note_counted(std::string_view metric, std::string_view prefix, std::string_view status,
                                 double number) {
  if (!metric.starts_with(prefix) || metric.substr(prefix.size()) != "runs_total") return;
  if (status == "success") runs_succeeded = number;
  if (status == "failure") runs_failed = number;
}

}  // namespace pushmetrics
