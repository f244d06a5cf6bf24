#pragma once

#include "monitoring/promql.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

struct DashboardOptions {
  /// `--prefix`: as given to `run`.
  std::string prefix = "job_";
  /// `--source pushgateway|textfile|remote-write`.
  Source source = Source::pushgateway;
  /// `--lookback`: how far back the newest sample is sought, with remote write only; 31 days.
  std::optional<Duration> lookback = std::nullopt;
};

/// A dashboard for Grafana 9 and later (JSON), to be imported or provisioned; the data source is chosen in
/// Grafana. An error says which option makes no sense.
Result<std::string> grafana_dashboard(const DashboardOptions& options);

/// `pushmetrics dashboard`. Returns the exit status.
int dashboard_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
