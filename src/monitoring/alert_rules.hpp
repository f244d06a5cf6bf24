#pragma once

#include "monitoring/promql.hpp"
#include "monitoring/rules.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// An alerting rule. Its texts are templates of Prometheus, and have no single quotes: they stand between some.
struct AlertRule {
  std::string_view alert;
  std::string expr;
  std::string hold;  ///< `for`, may be empty
  std::string_view severity;
  std::string summary;  ///< goes on behind the job's name and labels
  std::string description;
};

/// Rules that are evaluated together, every `interval` if it is not empty.
struct AlertGroup {
  std::string_view name;
  std::string_view interval;
  std::vector<AlertRule> rules;
};

/// All alerts for the metrics of `run`. `options` are sound.
std::vector<AlertGroup> alert_groups(const RunQueries& queries, const RulesOptions& options);

}  // namespace pushmetrics
