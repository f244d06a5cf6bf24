#pragma once

#include "monitoring/promql.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

struct DashboardOptions {
  /// `--prefix`: as given to `run`; none: every prefix.
  std::optional<std::string> prefix = std::nullopt;
  /// `--source pushgateway|textfile|remote-write`.
  Source source = Source::pushgateway;
  /// `--lookback`: how far back the newest sample is sought, with remote write only; 31 days.
  std::optional<Duration> lookback = std::nullopt;
  /// `--format grafana|html|configmap`; the latter is for the sidecar of Grafana's Helm chart.
  enum class Format { grafana, html, configmap };
  Format format = Format::grafana;
  /// `--server`: what the page asks; empty: that which it is served by, else http://localhost:9090.
  std::string server = {};
};

/// A dashboard for Grafana 9 and later (JSON), to be imported or provisioned; the data source is chosen in
/// Grafana. An error says which option makes no sense.
Result<std::string> grafana_dashboard(const DashboardOptions& options);

/// `pushmetrics dashboard`. Returns the exit status.
int dashboard_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
