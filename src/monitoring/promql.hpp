#pragma once

#include "metrics/catalogue.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pushmetrics {

/// How the samples of a run reach Prometheus.
enum class Source {
  /// Scraped, again and again, from a Pushgateway.
  pushgateway,
  /// Scraped, again and again, from node_exporter's textfile collector.
  textfile,
  /// Written once a run, by remote write or OTLP: an instant query sees them for five minutes only.
  remote_write,
};

/// `text` as a string literal of PromQL that stands on one line and has no character that YAML refuses
/// or takes for a line's end. `text` is valid UTF-8.
std::string promql_string(std::string_view text);

/// As Prometheus spells a duration (`1d12h`), to the millisecond; at least `1ms`.
std::string promql_duration(Duration duration);

/// Writes the queries that alerting rules and dashboards have in common, for the metrics of `run`
/// (pushmetrics(1), METRICS). All metrics of a group carry the very same labels, so that PromQL's default matching
/// pairs them whatever the labels are: there is no `on` or `ignoring` to go wrong.
class RunQueries {
 public:
  /// `matchers` is what stands between the braces, and may be empty. Without a `lookback` 31 days are meant.
  /// Refuses a prefix that makes no metric name, and a lookback where none is used or that is not positive.
  static Result<RunQueries> make(std::string prefix, std::string matchers, Source source,
                                 std::optional<Duration> lookback);

  /// The selector of a metric.
  std::string selector(const RunMetric& metric) const;
  /// The newest value of each of its series.
  std::string latest(const RunMetric& metric) const;
  /// The age of the last success, where it says that this many expected runs were missed. Granted on top is
  /// a quarter of the interval, 6 hours at most, since a run may take longer than the one before it.
  std::string overdue(int missed_runs) const;
  /// Jobs that completed, but not with success as far back as is known.
  std::string never_succeeded() const;
  /// Groups of a Pushgateway whose last push failed: its own metrics, which have no prefix.
  std::string failed_pushes() const;

  Source source() const { return source_; }
  /// Whether a sample repeats its value at each scrape.
  bool is_scraped() const { return source_ != Source::remote_write; }
  Duration lookback() const { return lookback_; }

 private:
  RunQueries(std::string prefix, std::string matchers, Source source, Duration lookback);
  std::string with_matchers(std::string_view name) const;

  std::string prefix_;
  std::string matchers_;
  Source source_;
  Duration lookback_;
};

}  // namespace pushmetrics
