#include "run/run_counts.hpp"

#include "support/text.hpp"

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
  } else {
    ++counts.failed;
    ++counts.consecutive_failures;
  }
  return counts;
}

RunCounts merged(const RunCounts& one, const RunCounts& other) {
  return {std::max(one.succeeded, other.succeeded), std::max(one.failed, other.failed),
          other.runs() > one.runs() ? other.consecutive_failures : one.consecutive_failures};
}

RunCounts followed_by(const RunCounts& earlier, const RunCounts& later) {
  const double before = later.succeeded > 0 ? 0 : earlier.consecutive_failures;
  return {earlier.succeeded + later.succeeded, earlier.failed + later.failed,
          before + later.consecutive_failures};
}

std::optional<RunCounts> run_counts_of(const GroupSnapshot& group) {
  if (!group.runs_succeeded && !group.runs_failed) return std::nullopt;
  const RunCounts counts{group.runs_succeeded.value_or(0), group.runs_failed.value_or(0),
                         group.consecutive_failures.value_or(0)};
  if (!is_count(counts.succeeded) || !is_count(counts.failed) || !is_count(counts.consecutive_failures))
    return std::nullopt;
  return counts;
}

std::vector<Family> count_families(const RunCounts& counts, std::string_view prefix) {
  const std::string runs = concat({prefix, "runs_total"});
  const std::string consecutive = concat({prefix, "consecutive_failures"});
  return {
      {runs,
       MetricType::counter,
       "Runs of the job, by how they ended.",
       {{runs, {{"status", "success"}}, counts.succeeded}, {runs, {{"status", "failure"}}, counts.failed}}},
      {consecutive,
       MetricType::gauge,
       "Failed runs of the job since its last success.",
       {{consecutive, {}, counts.consecutive_failures}}}};
}

}  // namespace pushmetrics
