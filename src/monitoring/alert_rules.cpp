#include "monitoring/alert_rules.hpp"

#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <utility>

namespace pushmetrics {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view check_schedule =
    " Is it still scheduled (cron, timer, CronJob), was its machine up, what does its log say? The next"
    " success resolves this.";

AlertRule failed(const RunQueries& queries) {
  return {"JobFailed",
          queries.of_failure(run_metric::exit_code),
          "",
          "warning",
          "failed with exit status {{ $value }}",
          "Its last run did not succeed{{ if eq $value 137.0 }}: it was killed, perhaps because it ran out "
          "of memory"
          "{{ else if eq $value 126.0 }}: its command could not be executed"
          "{{ else if eq $value 127.0 }}: its command was not found{{ end }}. Read its log, fix the cause"
          " and run it again: a success resolves this."};
}

AlertRule timed_out(const RunQueries& queries) {
  return {"JobTimedOut",
          queries.of_time_out(run_metric::duration),
          "",
          "warning",
          "was stopped by its time limit",
          "Its last run was stopped after {{ $value | humanizeDuration }}, when it reached its --timeout. See"
          " what it was waiting for, or raise the limit."};
}

AlertRule interrupted(const RunQueries& queries) {
  return {"JobInterrupted",
          concat({queries.latest(run_metric::start), "\n  and ", queries.latest(run_metric::interrupted),
                  " == 1"}),
          "",
          "warning",
          "was interrupted",
          "Its last run, started at {{ $value | humanizeTimestamp }}, was killed together with pushmetrics, "
          "so that"
          " nobody observed its end: its container or machine ran out of memory, was stopped or restarted. "
          "Find out"
          " which, and run it again: its next end resolves this."};
}

AlertRule out_of_memory(const RunQueries& queries) {
  return {"JobOutOfMemory",
          queries.of_jobs(run_metric::oom_kills, " > 0"),
          "",
          "warning",
          "ran out of memory",
          "During its last run the kernel killed {{ $value }} of the processes in its cgroup, as the limit "
          "of memory"
          " was reached. Raise the limit, or let the job use less: a run without such a kill resolves this."};
}

AlertRule failing_repeatedly(const RunQueries& queries, int failures) {
  return {"JobFailingRepeatedly",
          queries.of_jobs(run_metric::consecutive_failures, concat({" >= ", std::to_string(failures)})),
          "",
          "critical",
          "has failed {{ $value }} times in a row",
          "Its last {{ $value }} runs all failed, so it does not recover by itself. Read its log, fix the "
          "cause and"
          " run it again: a success resolves this."};
}

constexpr std::string_view check_scheduler =
    " Is it still scheduled (cron, timer, CronJob), was its machine up, is it still running, what does its "
    "log "
    "say? With --schedule the end of its next run resolves this, with --expect-every its next success.";

AlertRule missed_run(const RunQueries& queries) {
  return {
      "JobOverdue",
      queries.overdue(1),
      "5m",
      "warning",
      "has missed a run",
      concat({"By its schedule or expected interval a run was due {{ $value | humanizeDuration }} ago, and "
              "the grace is over.",
              check_scheduler})};
}

AlertRule missed_two_runs(const RunQueries& queries) {
  return {
      "JobOverdue",
      queries.overdue(2),
      "5m",
      "critical",
      "has missed two runs",
      concat({"By its schedule or expected interval a run was due {{ $value | humanizeDuration }} ago, and "
              "another one since.",
              check_scheduler})};
}

AlertRule too_old(const RunQueries& queries, Duration max_age) {
  return {"JobStale",
          concat({"(time() - ", queries.latest(run_metric::last_success), " > ",
                  format_value(to_seconds(max_age)), ")\n  unless ",
                  queries.latest(run_metric::expected_interval), "\n  unless ",
                  queries.latest(run_metric::next_run)}),
          "5m",
          "critical",
          "has not succeeded for too long",
          concat({"Its last success was {{ $value | humanizeDuration }} ago; ", format_duration(max_age),
                  " are allowed.", check_schedule})};
}

AlertRule never_succeeded(const RunQueries& queries) {
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
AlertRule hung(const RunQueries& queries, Duration max_silence) {
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

/// What runs is measured by how long it has been running, so that a job that waits forever is reported.
AlertRule slow(const RunQueries& queries) {
  return {"JobSlow",
          concat({"(\n    (time() - ", queries.latest(run_metric::start), "\n      and ",
                  queries.latest(run_metric::running), " == 1)\n    or (",
                  queries.latest(run_metric::duration), "\n      and ", queries.latest(run_metric::success),
                  " == 1)\n  )\n  > clamp_min(3 * ", queries.past_durations("quantile_over_time(0.5, ", "7d"),
                  ", 60)\n  and ", queries.past_completions("7d"), " >= 3"}),
          "",
          "warning",
          "takes far longer than usual",
          "Its run has taken {{ $value | humanizeDuration }}, more than three times the median of the past"
          " week. See whether it waits for something (a lock, a slow disk or network), or has more to do"
          " than before."};
}

AlertRule push_failed(const RunQueries& queries) {
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

/// Only a job known by name can be missed before it has ever pushed. The label is set, as absent() does not know it where
/// the job may be named by one label or another.
AlertRule missing(const RunQueries& queries, const RulesOptions& options) {
  const std::string completions = queries.selector(run_metric::last_completion);
  std::string name;
  for (const char c : *options.job) name += c == '$' ? "$$" : std::string(1, c);
  return {"JobMissing",
          concat({"label_replace(\n    ",
                  queries.is_scraped() ? concat({"absent(", completions, ")"})
                                       : concat({"absent_over_time(", completions, "[",
                                                 promql_duration(queries.lookback()), "])"}),
                  ",\n    \"job\", ", promql_string(name), ", \"\", \"\")"}),
          promql_duration(options.max_age.value_or(1h)),
          "warning",
          "is unknown",
          "No run of it was found. It was never run under pushmetrics, its pushes do not arrive, or their"
          " target was wiped. Run `pushmetrics doctor` where the job runs to find the cause."};
}

}  // namespace

std::vector<AlertGroup> alert_groups(const RunQueries& queries, const RulesOptions& options) {
  std::vector<AlertRule> rules{failed(queries),
                               timed_out(queries),
                               interrupted(queries),
                               out_of_memory(queries),
                               failing_repeatedly(queries, options.failures),
                               missed_run(queries),
                               missed_two_runs(queries)};
  if (options.max_age) rules.push_back(too_old(queries, *options.max_age));
  rules.push_back(never_succeeded(queries));
  rules.push_back(hung(queries, options.max_silence));
  if (options.source == Source::pushgateway) rules.push_back(push_failed(queries));
  if (options.job) rules.push_back(missing(queries, options));
  return {{"pushmetrics", "", std::move(rules)}, {"pushmetrics-history", "5m", {slow(queries)}}};
}

}  // namespace pushmetrics
