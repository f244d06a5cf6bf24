#include "run/run_counts.hpp"

#include "metrics/catalogue.hpp"

#include <algorithm>

namespace pushmetrics {
namespace {

/// The value of one sample; nothing: there is none.
std::optional<double> value_of(std::span<const Family> families, const std::string& name,
                               const std::vector<Label>& labels) {
  const auto family = std::ranges::find(families, name, &Family::name);
  if (family == families.end()) return std::nullopt;
  const auto sample = std::ranges::find(family->samples, labels, &Sample::labels);
  return sample == family->samples.end() ? std::nullopt : std::optional(sample->value);
}

}  // namespace

bool is_count(double value) {
  constexpr double limit = 9e15;
  return value >= 0 && value < limit && value == static_cast<double>(static_cast<long long>(value));
}

RunCounts counts_of(RunEnd end) {
  switch (end) {
    case RunEnd::success: return {1, 0, 0, 0};
    case RunEnd::failure: return {0, 1, 1, 0};
    case RunEnd::interrupted: return {0, 0, 1, 1};
  }
  return {};
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

std::optional<RunCounts> run_counts_of(std::span<const Family> families, std::string_view prefix) {
  const auto runs = [&](const char* status) {
    return value_of(families, run_metric::runs.full_name(prefix), {{"status", status}});
  };
  const auto succeeded = runs("success"), failed = runs("failure"), interrupted = runs("interrupted");
  if (!succeeded && !failed && !interrupted) return std::nullopt;
  const auto consecutive = value_of(families, run_metric::consecutive_failures.full_name(prefix), {});
  const RunCounts counts{succeeded.value_or(0), failed.value_or(0), consecutive.value_or(0),
                         interrupted.value_or(0)};
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
