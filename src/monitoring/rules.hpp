#pragma once

#include "monitoring/promql.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

struct RulesOptions {
  /// `--job`: the one job that the rules are for; none: every job.
  std::optional<std::string> job = std::nullopt;
  /// `--prefix`: as given to `run`; none: every prefix.
  std::optional<std::string> prefix = std::nullopt;
  /// `--source pushgateway|textfile|remote-write`.
  Source source = Source::pushgateway;
  /// `--max-age`: how old the last success of a job that pushes no expected interval may be.
  std::optional<Duration> max_age = std::nullopt;
  /// `--max-silence`: how old the last heartbeat of a running job may be.
  Duration max_silence = std::chrono::minutes(15);
  /// `--failures`: how many failures in a row are too many.
  int failures = 3;
  /// `--format prometheus|operator`: a file of rules, or a PrometheusRule for the Prometheus Operator.
  enum class Format { prometheus, prometheus_operator };
  Format format = Format::prometheus;
  /// `--lookback`: how far back samples are sought, with remote write only; 31 days, or twice the
  /// `max_age` if that is more.
  std::optional<Duration> lookback = std::nullopt;
};

/// Alerting rules for Prometheus (YAML). An error says which option makes no sense.
Result<std::string> alerting_rules(const RulesOptions& options);

/// `pushmetrics rules`. Returns the exit status.
int rules_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
