#include "monitoring/rules.hpp"

#include "monitoring/alert_rules.hpp"
#include "monitoring/kubernetes.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace pushmetrics {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view gateway_head =
    "# For metrics scraped from a Pushgateway. Scrape it with `honor_labels: true`: otherwise the job and\n"
    "# instance of the scrape replace those that were pushed, and no alert matches. Also alert on `up == 0`\n"
    "# of the gateway: while it is down, nothing here fires.\n";
constexpr std::string_view textfile_head =
    "# For metrics scraped from node_exporter's textfile collector. Scraped as usual, without "
    "`honor_labels`, a\n"
    "# job is named by the label exported_job, and `instance` is the machine; with it, by the label job.\n"
    "# Also alert on `up == 0` and `node_textfile_scrape_error == 1`: meanwhile, nothing here fires.\n";
constexpr std::string_view written_head =
    "# For metrics written by remote write or OTLP: a sample is written once per run, and found by\n"
    "# last_over_time. A run longer ago than its window is forgotten, and so is an alert on it.\n";

std::string_view head(Source source) {
  switch (source) {
    case Source::pushgateway: return gateway_head;
    case Source::textfile: return textfile_head;
    case Source::remote_write: return written_head;
  }
  return {};
}

constexpr std::string_view every_prefix =
    "#\n# A metric is found by the end of its name; what comes before it, unless it is job_, becomes the "
    "label\n"
    "# metric_prefix. `--prefix job_` prints shorter rules, for that prefix only.\n";
constexpr std::string_view severities =
    "#\n# severity: `critical` should page, `warning` can wait for the morning. JobOverdue is a warning "
    "after\n"
    "# one missed run and critical after two: let Alertmanager inhibit the former by the latter.\n";
constexpr std::string_view no_max_age =
    "#\n# Only jobs run with --expect-every or --schedule are overdue; `pushmetrics rules --max-age D` "
    "checks the\n"
    "# age of the last success of the others.\n";

/// A scrape without `honor_labels` has renamed the job. vmalert adds labels of the alert to those of the series.
constexpr std::string_view subject =
    "Job {{ with $labels.exported_job }}{{ . }}{{ else }}{{ $labels.job }}{{ end }}{{ range $name, $value := "
    "$labels"
    " }}{{ if not (eq $name \"job\" \"exported_job\" \"__name__\" \"alertname\" \"alertgroup\" \"severity\") "
    "}},"
    " {{ $name }} {{ $value }}{{ end }}{{ end }}";

std::string write_group(const AlertGroup& group) {
  std::string out = concat({"  - name: ", group.name, "\n"});
  if (!group.interval.empty()) out += concat({"    interval: ", group.interval, "\n"});
  out += "    rules:\n";
  for (const AlertRule& rule : group.rules) {
    out += concat({"      - alert: ", rule.alert, "\n        expr: |-\n"});
    for (const std::string_view line : split(rule.expr, "\n")) out += concat({"          ", line, "\n"});
    if (!rule.hold.empty()) out += concat({"        for: ", rule.hold, "\n"});
    out += concat({"        labels:\n          severity: ", rule.severity, "\n        annotations:\n",
                   "          summary: '", subject, " ", rule.summary, "'\n          description: '",
                   rule.description, "'\n"});
  }
  return out;
}

std::string write_rules(const RunQueries& queries, const RulesOptions& options) {
  std::string groups = "groups:\n";
  for (const AlertGroup& group : alert_groups(queries, options)) groups += write_group(group);

  std::string out =
      "# Alerting rules for jobs run under pushmetrics, as `pushmetrics rules` prints them.\n#\n";
  out += head(options.source);
  if (!options.prefix) out += every_prefix;
  out += severities;
  if (!options.max_age) out += no_max_age;
  if (options.format == RulesOptions::Format::prometheus) return out + groups;
  const std::string name =
      kubernetes_name(concat({"pushmetrics-", options.job.value_or(""), "-", options.prefix.value_or("")}));
  return concat({out,
                 "#\n# The Prometheus Operator reads it if its ruleSelector matches these labels: add those "
                 "that it requires.\n",
                 "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: ", name,
                 "\n  labels:\n    app.kubernetes.io/name: pushmetrics\nspec:\n", indented(groups, 2)});
}

/// A scrape of node_exporter names the job of the push `exported_job`, unless it honors labels.
std::vector<std::string> matchers_of(const RulesOptions& options) {
  if (!options.job) return {};
  const std::string name = promql_string(*options.job);
  if (options.source != Source::textfile) return {concat({"job=", name})};
  return {concat({"exported_job=", name}), concat({"job=", name, ",exported_job=\"\""})};
}

}  // namespace

Result<std::string> alerting_rules(const RulesOptions& options) {
  if (options.job && !is_valid_utf8(*options.job)) return Failure{"the job's name is not valid UTF-8"};
  if (options.job && options.job->empty()) return Failure{"the job's name is empty"};
  if (options.max_age && *options.max_age <= Duration::zero())
    return Failure{"--max-age must be longer than nothing"};
  if (options.max_silence <= Duration::zero()) return Failure{"--max-silence must be longer than nothing"};

  std::optional<Duration> lookback = options.lookback;
  if (lookback && options.max_age && *lookback <= *options.max_age)
    return Failure{"--lookback must be longer than --max-age, or what is too old is not seen"};
  if (!lookback && options.max_age && options.source == Source::remote_write)
    lookback = std::max<Duration>(31 * 24h, 2 * *options.max_age);

  const auto queries = RunQueries::make(MetricPrefix::of_option(options.prefix), matchers_of(options),
                                        options.source, lookback);
  if (!queries) return Failure{queries.error()};
  return write_rules(*queries, options);
}

}  // namespace pushmetrics
