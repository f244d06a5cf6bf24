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

constexpr std::string_view scraped_head =
    "# For metrics scraped from a Pushgateway or from node_exporter's textfiles. Scrape with\n"
    "# `honor_labels: true`: else the job and instance of the scrape take the place of those that were\n"
    "# pushed, and nothing here fits. Alert on `up == 0` of the gateway, too: while it is down, nothing\n"
    "# here fires.\n";
constexpr std::string_view written_head =
    "# For metrics that remote write or OTLP brought: a sample is written once a run, and found again by\n"
    "# last_over_time. A run longer ago than its window is forgotten, and an alert on it with it.\n";
constexpr std::string_view severities =
    "#\n# severity: `critical` is to page, `warning` can wait for the morning. JobOverdue comes as a warning "
    "after\n"
    "# one missed run and as critical after two: let Alertmanager inhibit the former by the latter.\n";
constexpr std::string_view no_max_age =
    "#\n# The age of the last success is watched for jobs run with --expect-every only; `pushmetrics rules\n"
    "# --max-age D` watches the others too.\n";

constexpr std::string_view subject =
    "Job {{ $labels.job }}{{ range $name, $value := $labels }}{{ if not (eq $name \"job\" \"__name__\") }},"
    " {{ $name }} {{ $value }}{{ end }}{{ end }}";

constexpr std::string_view check_schedule =
    " Is it still scheduled (cron, timer, CronJob), was its machine up, what does its log say? The next"
    " success resolves this.";

Rule failed(const RunQueries& queries) {
  return {"JobFailed",
          concat({queries.latest("exit_code"), "\n  and ", queries.latest("success"), " == 0"}),
          "",
          "warning",
          "failed with exit status {{ $value }}",
          "Its last run did not succeed{{ if eq $value 137.0 }}: it was killed, perhaps for want of memory"
          "{{ else if eq $value 126.0 }}: its command could not be executed"
          "{{ else if eq $value 127.0 }}: its command was not found{{ end }}. Read its log, mend the cause"
          " and run it again: a success resolves this."};
}

Rule timed_out(const RunQueries& queries) {
  return {"JobTimedOut",
          concat({queries.latest("duration_seconds"), "\n  and ", queries.latest("timed_out"),
                  " == 1\n  and ", queries.latest("success"), " == 0"}),
          "",
          "warning",
          "was stopped by its time limit",
          "Its last run was stopped after {{ $value | humanizeDuration }}, when it reached its --timeout. See"
          " what it was waiting for, or allow it more time."};
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
          concat({"(time() - ", queries.latest("last_success_timestamp_seconds"), " > ",
                  format_value(to_seconds(max_age)), ")\n  unless ",
                  queries.latest("expected_interval_seconds")}),
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
                  queries.transport() == Transport::remote_write
                      ? concat({" in the last ", format_duration(queries.lookback())})
                      : "",
                  ". Read its log, mend the cause and run it again: a success resolves this."})};
}

/// A job started with --notify-start alone has its start for its only heartbeat, and is not hung because it
/// runs long: that heartbeat does not count. JobSlow watches such a job.
Rule hung(const RunQueries& queries, Duration max_silence) {
  const std::string heartbeat = queries.latest("heartbeat_timestamp_seconds");
  return {"JobHung",
          concat({"(time() - ", heartbeat, " > ", format_value(to_seconds(max_silence)), ")\n  and ",
                  queries.latest("running"), " == 1\n  unless ", heartbeat, " - ",
                  queries.latest("start_timestamp_seconds"), " < 1"}),
          "",
          "warning",
          "hangs or is gone",
          "It never said that it ended, but its last heartbeat was {{ $value | humanizeDuration }} ago. Its"
          " machine or container may be gone, or cut off from the network. If it no longer runs, start it"
          " anew: its end resolves this."};
}

/// A gauge that is scraped repeats its value at each scrape, so that the median weighs each run by the time
/// until the next: right for a job on a schedule. A look every 10 minutes is enough of it, and cheaper.
std::string history(const RunQueries& queries, std::string_view metric) {
  const bool scraped = queries.transport() == Transport::pushgateway;
  return concat({queries.selector(metric), scraped ? "[7d:10m]" : "[7d]"});
}

/// What runs is measured by how long it has been running, so that a job which waits for ever is told of.
Rule slow(const RunQueries& queries) {
  return {"JobSlow",
          concat({"(\n    (time() - ", queries.latest("start_timestamp_seconds"), " and ",
                  queries.latest("running"), " == 1)\n    or (", queries.latest("duration_seconds"), " and ",
                  queries.latest("success"), " == 1)\n  )\n  > clamp_min(3 * quantile_over_time(0.5, ",
                  history(queries, "duration_seconds"), "), 60)\n  and changes(",
                  history(queries, "last_completion_timestamp_seconds"), ") >= 3"}),
          "",
          "warning",
          "takes far longer than usual",
          "Its run has taken {{ $value | humanizeDuration }}, more than three times the median of the past"
          " week. See whether it waits for something (a lock, a slow disk or network), or has more to do"
          " than it used to."};
}

Rule push_refused(const RunQueries& queries) {
  return {"PushRefused",
          queries.refused(),
          "",
          "warning",
          "pushed what the gateway refused",
          "The gateway refused the last push to this group, at {{ $value | humanizeTimestamp }}, and goes on"
          " showing the values of the push before it. What pushmetrics wrote to standard error says why:"
          " mostly a metric whose type differs from that in another group. `pushmetrics check` finds what"
          " is wrong with the metrics themselves."};
}

/// Only a job known by name can be missed before it has ever pushed.
Rule missing(const RunQueries& queries, const RulesOptions& options) {
  const std::string completions = queries.selector("last_completion_timestamp_seconds");
  const bool scraped = queries.transport() == Transport::pushgateway;
  return {"JobMissing",
          scraped
              ? concat({"absent(", completions, ")"})
              : concat({"absent_over_time(", completions, "[", promql_duration(queries.lookback()), "])"}),
          promql_duration(options.max_age.value_or(1h)),
          "warning",
          "is not known at all",
          "No run of it is to be found. It was never run under pushmetrics, its pushes do not arrive, or what"
          " kept them was wiped. `pushmetrics doctor`, where the job runs, looks for the cause."};
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
  if (options.transport == Transport::pushgateway) rules.push_back(push_refused(queries));
  if (options.job) rules.push_back(missing(queries, options));
  const Rule history_rules[] = {slow(queries)};

  std::string out =
      "# Alerting rules for jobs run under pushmetrics, as `pushmetrics rules` prints them.\n#\n";
  out += options.transport == Transport::pushgateway ? scraped_head : written_head;
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
  if (!lookback && options.max_age && options.transport == Transport::remote_write)
    lookback = std::max<Duration>(31 * 24h, 2 * *options.max_age);

  const auto queries =
      RunQueries::make(options.prefix, options.job ? concat({"job=", promql_string(*options.job)}) : "",
                       options.transport, lookback);
  if (!queries) return Failure{queries.error()};
  return write_rules(*queries, options);
}

}  // namespace pushmetrics
