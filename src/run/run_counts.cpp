#include "run/run_counts.hpp"

#include "metrics/catalogue.hpp"

#include <algorithm>

namespace pushmetrics {
namespace {

/// Up to where a double can count on by one.
bool is_count(double value) {
  constexpr double limit = 9e15;
  return value >= 0 && value < limit && value == static_cast<double>(static_cast<long long>(value));
}

}  // namespace

RunCounts advanced(RunCounts counts, RunEnd end) {
  if (end == RunEnd::success) {
    ++counts.succeeded;
    counts.consecutive_failures = 0;
    return counts;
  }
  ++(end == RunEnd::failure ? counts.failed : counts.interrupted);
  ++counts.consecutive_failures;
  return counts;
}

RunCounts merged(const RunCounts& one, const RunCounts& other) {
  return {std::max(one.succeeded, other.succeeded), std::max(one.failed, other.failed),
          other.runs() > one.runs() ? other.consecutive_failures : one.consecutive_failures,
          std::max(one.interrupted, other.interrupted)};
}

RunCounts followed_by(const RunCounts& earlier, const RunCounts& later) {
  const double before = later.succeeded > 0 ? 0 : earlier.consecutive_failures;
  return {earlier.succeeded + later.succeeded, earlier.failed + later.failed,
          before + later.consecutive_failures, earlier.interrupted + later.interrupted};
}

std::optional<RunCounts> run_counts_of(const GroupSnapshot& group) {
  if (!group.runs_succeeded && !group.runs_failed && !group.runs_interrupted) return std::nullopt;
  const RunCounts counts{group.runs_succeeded.value_or(0), group.runs_failed.value_or(0),
                         group.consecutive_failures.value_or(0), group.runs_interrupted.value_or(0)};
  const bool are_counts = is_count(counts.succeeded) && is_count(counts.failed) &&
                          is_count(counts.interrupted) && is_count(counts.consecutive_failures);
  return are_counts ? std::optional(counts) : std::nullopt;
}

std::vector<Family> count_families(const RunCounts& counts, std::string_view prefix) {
  const auto family = [&](const RunMetric& metric, std::vector<Sample> samples) -> Family {
    const std::string name = metric.full_name(prefix);
    for (Sample& sample : samples) sample.name = name;
    return {name, metric.type, std::string(metric.help), std::move(samples)};
  };
  return {family(run_metric::runs, {{"", {{"status", "success"}}, counts.succeeded},
                                    {"", {{"status", "failure"}}, counts.failed},
                                    {"", {{"status", "interrupted"}}, counts.interrupted}}),
          family(run_metric::consecutive_failures, {{"", {}, counts.consecutive_failures}})};
}

}  // namespace pushmetrics
