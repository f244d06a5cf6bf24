#include "monitoring/rules.hpp"

#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace pushmetrics {
namespace {

using namespace std::chrono_literals;

/// Texts are templates of Prometheus and stand between single quotes, so they have none.
struct Rule {
  std::string_view alert;
  std::string expr;
  std::string hold;  // `for`, may be empty
  std::string_view severity;
  std::string summary;  // goes on behind the job's name and labels
  std::string description;
};

constexpr std::string_view gateway_head =
    "# For metrics scraped from a Pushgateway. Scrape it with `honor_labels: true`: otherwise the job and\n"
    "# instance of the scrape replace those that were pushed, and no alert matches. Also alert on `up == 0`\n"
    "# of the gateway: while it is down, nothing here fires.\n";
constexpr std::string_view textfile_head =
    "# For metrics scraped from node_exporter's textfile collector. Scrape it with `honor_labels: true`:\n"
    "# otherwise the job and instance of the scrape replace those that were pushed, and no alert matches.\n"
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
constexpr std::string_view severities =
    "#\n# severity: `critical` should page, `warning` can wait for the morning. JobOverdue is a warning "
    "after\n"
    "# one missed run and critical after two: let Alertmanager inhibit the former by the latter.\n";
constexpr std::string_view no_max_age =
    "#\n# The age of the last success is checked only for jobs run with --expect-every; `pushmetrics rules\n"
    "# --max-age D` checks the others, too.\n";

constexpr std::string_view subject =
    "Job {{ $labels.job }}{{ range $name, $value := $labels }}{{ if not (eq $name \"job\" \"__name__\") }},"
    " {{ $name }} {{ $value }}{{ end }}{{ end }}";

constexpr std::string_view check_schedule =
    " Is it still scheduled (cron, timer, CronJob), was its machine up, what does its log say? The next"
    " success resolves this.";

Rule failed(const RunQueries& queries) {
  return {"JobFailed",
          concat({queries.latest(run_metric::exit_code), "\n  and ", queries.latest(run_metric::success),
                  " == 0"}),
          "",
          "warning",
          "failed with exit status {{ $value }}",
          "Its last run did not succeed{{ if eq $value 137.0 }}: it was killed, perhaps because it ran out "
          "of memory"
          "{{ else if eq $value 126.0 }}: its command could not be executed"
          "{{ else if eq $value 127.0 }}: its command was not found{{ end }}. Read its log, fix the cause"
          " and run it again: a success resolves this."};
}

Rule timed_out(const RunQueries& queries) {
  return {"JobTimedOut",
          concat({queries.latest(run_metric::duration), "\n  and ", queries.latest(run_metric::timed_out),
                  " == 1\n  and ", queries.latest(run_metric::success), " == 0"}),
          "",
          "warning",
          "was stopped by its time limit",
          "Its last run was stopped after {{ $value | humanizeDuration }}, when it reached its --timeout. See"
          " what it was waiting for, or raise the limit."};
}

Rule missed_run(const RunQueries& queries) {
  return {
      "JobOverdue",
      queries.overdue(1),
      "5m",
      "warning",
      "has missed a run",
      concat({"Its last success was {{ $value | humanizeDuration }} ago, longer than its expected interval.",
              check_schedule})};
}

Rule missed_two_runs(const RunQueries& queries) {
  return {"JobOverdue",
          queries.overdue(2),
          "5m",
          "critical",
          "has missed two runs",
          concat({"Its last success was {{ $value | humanizeDuration }} ago, longer than two of its expected"
                  " intervals.",
                  check_schedule})};
}

Rule too_old(const RunQueries& queries, Duration max_age) {
  return {"JobStale",
          concat({"(time() - ", queries.latest(run_metric::last_success), " > ",
                  format_value(to_seconds(max_age)), ")\n  unless ",
                  queries.latest(run_metric::expected_interval)}),
          "5m",
          "critical",
          "has not succeeded for too long",
          concat({"Its last success was {{ $value | humanizeDuration }} ago; ", format_duration(max_age),
                  " are allowed.", check_schedule})};
}

Rule never_succeeded(const RunQueries& queries) {
  return {"JobNeverSucceeded",
          queries.never_succeeded(),
          "1h",
          "critical",
          "has never succeeded",
          concat({"It has run, last at {{ $value | humanizeTimestamp }}, but no success is known",
                  !queries.is_scraped() ? concat({" in the last ", format_duration(queries.lookback())}) : "",
                  ". Read its log, fix the cause and run it again: a success resolves this."})};
}

/// A job started with --notify-start alone has its start for its only heartbeat, and is not hung because it
/// runs long: that heartbeat does not count. JobSlow watches such a job.
Rule hung(const RunQueries& queries, Duration max_silence) {
  const std::string heartbeat = queries.latest(run_metric::heartbeat);
  return {"JobHung",
          concat({"(time() - ", heartbeat, " > ", format_value(to_seconds(max_silence)), ")\n  and ",
                  queries.latest(run_metric::running), " == 1\n  unless ", heartbeat, " - ",
                  queries.latest(run_metric::start), " < 1"}),
          "",
          "warning",
          "hangs or is gone",
          "It did not report its end, and its last heartbeat was {{ $value | humanizeDuration }} ago. Its"
          " machine or container may be gone, or cut off from the network. If it no longer runs, start it"
          " again: its end resolves this."};
}

/// A gauge that is scraped repeats its value at each scrape, so that the median weighs each run by the time
/// until the next: right for a job on a schedule. A look every 10 minutes is enough of it, and cheaper.
std::string last_week(const RunQueries& queries, const RunMetric& metric) {
  const bool scraped = queries.is_scraped();
  return concat({queries.selector(metric), scraped ? "[7d:10m]" : "[7d]"});
}

/// What runs is measured by how long it has been running, so that a job that waits forever is reported.
Rule slow(const RunQueries& queries) {
  return {"JobSlow",
          concat({"(\n    (time() - ", queries.latest(run_metric::start), " and ",
                  queries.latest(run_metric::running), " == 1)\n    or (",
                  queries.latest(run_metric::duration), " and ", queries.latest(run_metric::success),
                  " == 1)\n  )\n  > clamp_min(3 * quantile_over_time(0.5, ",
                  last_week(queries, run_metric::duration), "), 60)\n  and changes(",
                  last_week(queries, run_metric::last_completion), ") >= 3"}),
          "",
          "warning",
          "takes far longer than usual",
          "Its run has taken {{ $value | humanizeDuration }}, more than three times the median of the past"
          " week. See whether it waits for something (a lock, a slow disk or network), or has more to do"
          " than before."};
}

Rule push_failed(const RunQueries& queries) {
  return {
      "PushFailed",
      queries.failed_pushes(),
      "",
      "warning",
      "pushed metrics that the gateway rejected",
      "The gateway rejected the last push to this group, at {{ $value | humanizeTimestamp }}, and still"
      " shows the values of the push before it. pushmetrics wrote the reason to standard error; usually"
      " a metric has another type in another group. `pushmetrics check` finds what is wrong in the metrics"
      " themselves."};
}

/// Only a job known by name can be missed before it has ever pushed.
Rule missing(const RunQueries& queries, const RulesOptions& options) {
  const std::string completions = queries.selector(run_metric::last_completion);
  const bool scraped = queries.is_scraped();
  return {"JobMissing",
          scraped
              ? concat({"absent(", completions, ")"})
              : concat({"absent_over_time(", completions, "[", promql_duration(queries.lookback()), "])"}),
          promql_duration(options.max_age.value_or(1h)),
          "warning",
          "is unknown",
          "No run of it was found. It was never run under pushmetrics, its pushes do not arrive, or their"
          " target was wiped. Run `pushmetrics doctor` where the job runs to find the cause."};
}

void append_group(std::string& out, std::string_view name, std::string_view interval,
                  std::span<const Rule> rules) {
  out.append("  - name: ").append(name).append("\n");
  if (!interval.empty()) out.append("    interval: ").append(interval).append("\n");
  out += "    rules:\n";
  for (const Rule& rule : rules) {
    out += concat({"      - alert: ", rule.alert, "\n        expr: |-\n"});
    for (const std::string_view line : split(rule.expr, "\n")) out += concat({"          ", line, "\n"});
    if (!rule.hold.empty()) out += concat({"        for: ", rule.hold, "\n"});
    out += concat({"        labels:\n          severity: ", rule.severity, "\n        annotations:\n",
                   "          summary: '", subject, " ", rule.summary, "'\n          description: '",
                   rule.description, "'\n"});
  }
}

std::string write_rules(const RunQueries& queries, const RulesOptions& options) {
  std::vector<Rule> rules{failed(queries), timed_out(queries), missed_run(queries), missed_two_runs(queries)};
  if (options.max_age) rules.push_back(too_old(queries, *options.max_age));
  rules.push_back(never_succeeded(queries));
  rules.push_back(hung(queries, options.max_silence));
  if (options.source == Source::pushgateway) rules.push_back(push_failed(queries));
  if (options.job) rules.push_back(missing(queries, options));
  const Rule history_rules[] = {slow(queries)};

  std::string out =
      "# Alerting rules for jobs run under pushmetrics, as `pushmetrics rules` prints them.\n#\n";
  out += head(options.source);
  out += severities;
  if (!options.max_age) out += no_max_age;
  out += "groups:\n";
  append_group(out, "pushmetrics", "", rules);
  append_group(out, "pushmetrics-history", "5m", history_rules);
  return out;
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

  const auto queries =
      RunQueries::make(options.prefix, options.job ? concat({"job=", promql_string(*options.job)}) : "",
                       options.source, lookback);
  if (!queries) return Failure{queries.error()};
  return write_rules(*queries, options);
}

}  // namespace pushmetrics
