#pragma once

#include "metrics/catalogue.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// Which prefixes the names of the metrics have.
class MetricPrefix {
 public:
  /// That of `run --prefix`; without one every prefix: whatever comes before the end of a name in the catalogue.
  static MetricPrefix of_option(const std::optional<std::string>& prefix);
  /// Prefixes of jobs, by a regular expression of PromQL.
  static MetricPrefix of_jobs(std::string expression) { return {std::move(expression), Kind::of_jobs}; }

  bool is_known() const { return kind_ == Kind::known; }
  /// Whether metrics of others may have it.
  bool is_any() const { return kind_ == Kind::any; }
  const std::string& text() const { return text_; }

 private:
  enum class Kind { known, of_jobs, any };
  MetricPrefix(std::string text, Kind kind) : text_(std::move(text)), kind_(kind) {}

  std::string text_;
  Kind kind_;
};

/// Writes the queries that alerting rules and dashboards have in common, for the metrics of `run`
/// (pushmetrics(1), METRICS). All metrics of a group carry the very same labels, so that PromQL's default matching
/// pairs them whatever the labels are: there is no `on` or `ignoring` to go wrong.
///
/// Where the prefix is not known, one other than `job_` becomes the label `metric_prefix`, so that metrics are paired
/// with those of the same prefix. Metrics of others may end in the same way (`probe_success`): every query also asks
/// for a metric that only a job has.
class RunQueries {
 public:
  /// `matchers` are what stands between the braces, as alternatives; none: every series. Without a `lookback`, 31
  /// days. Rejects a prefix that makes no metric name, and a lookback where none is used or that is not positive.
  static Result<RunQueries> make(MetricPrefix prefix, std::vector<std::string> matchers, Source source,
                                 std::optional<Duration> lookback);

  /// The selector of a metric.
  std::string selector(const RunMetric& metric) const;
  /// The newest value of each of its series.
  std::string newest(const RunMetric& metric) const;
  /// The same, to be paired with other metrics of the jobs.
  std::string latest(const RunMetric& metric) const;
  /// The same, of jobs only. `condition` (` == 1`) selects among the values.
  std::string of_jobs(const RunMetric& metric, std::string_view condition = {}) const;
  /// Of jobs, the values written in each `interval`.
  std::string written_within(const RunMetric& metric, std::string_view interval) const;
  /// How the last run ended: 0 failed, 1 succeeded, 2 interrupted.
  std::string result() const;
  /// How long the runs of the last `range` took, aggregated by `function` (`quantile_over_time(0.5, `).
  std::string past_durations(std::string_view function, std::string_view range) const;
  /// How often runs ended within the last `range`, but for the first time.
  std::string past_completions(std::string_view range) const;
  /// How long ago a run was due, by the schedule or the expected interval, if that many were missed. The grace is that
  /// of the schedule, or a quarter of the interval, 6 hours at most: a run may take longer than the one before it. By
  /// the schedule a run has to end, by the interval one has to succeed.
  std::string overdue(int missed_runs) const;
  /// A metric of the last run of a job that failed, other than by its time limit, and whose end was observed.
  std::string of_failure(const RunMetric& metric) const;
  /// A metric of the last run of a job that its time limit ended.
  std::string of_time_out(const RunMetric& metric) const;
  /// The last start of jobs that ended, but not with success as far back as is known.
  std::string never_succeeded() const;
  /// Groups of a Pushgateway whose last push failed: its own metrics, which have no prefix.
  std::string failed_pushes() const;

  Source source() const { return source_; }
  /// Whether a sample repeats its value at each scrape.
  bool is_scraped() const { return source_ != Source::remote_write; }
  Duration lookback() const { return lookback_; }

 private:
  RunQueries(MetricPrefix prefix, std::vector<std::string> matchers, Source source, Duration lookback);
  std::string select(std::string_view name, std::string_view name_matcher = {}) const;
  std::string only_jobs(const std::string& values) const;
  /// With the prefix as a label, unless it is known.
  std::string with_prefix(std::string series, const RunMetric& metric) const;
  std::string newest_within(const RunMetric& metric, std::string_view range) const;
  /// What a subquery that looks every 10 minutes has to ask for.
  std::string sampled(const RunMetric& metric) const;

  MetricPrefix prefix_;
  std::vector<std::string> matchers_;
  Source source_;
  Duration lookback_;
};

}  // namespace pushmetrics
