#include "run/run_options.hpp"

#include "cli/metric_option.hpp"
#include "job/signals.hpp"
#include "run/duration_histogram.hpp"
#include "schedule/time_zone.hpp"
#include "support/text.hpp"

#include <algorithm>

namespace pushmetrics {
namespace {

Store into_signal(int& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const auto number = parse_signal(values.back());
    if (!number) return Failure{number.error()};
    place = *number;
    return {};
  };
}

Store into_exit_codes(std::vector<int>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    std::vector<int> codes;
    for (const std::string& value : values) {
      const auto code = parse_integer(value, 0, 255);
      if (!code) return Failure{code.error()};
      codes.push_back(static_cast<int>(*code));
    }
    if (codes.empty()) return Failure{"no exit code is given"};
    place = std::move(codes);
    return {};
  };
}

Store into_prefix(std::string& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    if (!is_valid_metric_name(values.back()))
      return Failure{concat({"invalid prefix ", in_quotes(values.back()),
                             ": a metric name has letters, digits, _ and :, not beginning with a digit"})};
    place = values.back();
    return {};
  };
}

/// A metric that is not one, as of a variable that is unset (`-m rows=$ROWS`), costs itself and not the job.
Store into_good_metrics(RunOptions& options) {
  return [&options](const std::vector<std::string>& values) -> Stored {
    if (into_metrics(options.metrics)(values)) return {};
    std::vector<std::string> good;
    for (const std::string& value : values) {
      good.push_back(value);
      if (const Stored stored = into_metrics(options.metrics)(good); !stored) {
        options.metric_problems.push_back(concat({"--metric: ", stored.error()}));
        good.pop_back();
      }
    }
    return {};
  };
}

/// A heartbeat's interval: long enough not to be a load of its own.
Store into_interval(std::optional<Duration>& place) {
  return [&place, store = into(place)](const std::vector<std::string>& values) -> Stored {
    Stored result = store(values);
    if (!result || *place >= std::chrono::milliseconds(100)) return result;
    place.reset();
    return Failure{concat({"invalid duration ", in_quotes(values.back()), ": it is shorter than 100ms"})};
  };
}

constexpr const char* default_bounds = "default";

/// `1m,10m,1h`, in any order; none: there is no histogram.
Store into_bounds(std::vector<double>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const std::string& text = values.back();
    if (text == default_bounds || text == "true") {
      place = default_duration_bounds();
      return {};
    }
    place.clear();
    if (text == "none" || text == "false") return {};
    constexpr std::size_t most = 100;
    std::vector<double> bounds;
    for (const std::string_view word : split(text, ", ")) {
      const auto bound = parse_duration(word);
      if (!bound) return Failure{bound.error()};
      if (*bound == Duration::zero()) return Failure{"invalid bound '0': no run takes no time"};
      bounds.push_back(to_seconds(*bound));
    }
    std::ranges::sort(bounds);
    if (bounds.empty() || bounds.size() > most || std::ranges::adjacent_find(bounds) != bounds.end())
      return Failure{concat({"invalid bounds ", in_quotes(text)}),
                     "give up to 100 different durations, as in --histogram=1m,10m,1h"};
    place = std::move(bounds);
    return {};
  };
}

Store into_schedule(std::optional<CronSchedule>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const auto schedule = CronSchedule::parse(values.back());
    if (!schedule) return schedule.failure();
    place = *schedule;
    return {};
  };
}

/// Whether the zone is known here is found out once the job runs.
Store into_timezone(std::string& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    if (!is_zone_name(values.back()))
      return Failure{concat({"invalid time zone ", in_quotes(values.back())}),
                     "write a name of the tz database, such as Europe/Berlin or UTC"};
    place = values.back();
    return {};
  };
}

OptionGroup describe_schedule(RunOptions& options) {
  OptionSpec expect{"expect-every", 0, "D", "interval within which the job has to succeed, for the alerts",
                    into(options.report.expected_interval)};
  OptionSpec schedule{"schedule", 0, "CRON",
                      "when the job runs, as in crontab(5), for the alerts: '17 3 * * 1-5', @daily",
                      into_schedule(options.schedule)};
  OptionSpec timezone{"timezone", 0, "ZONE", "time zone of the schedule (default: this machine's)",
                      into_timezone(options.timezone)};
  OptionSpec grace{"grace", 0, "D", "how long after its scheduled time a run may end (default: 1h)",
                   into(options.report.schedule_grace)};
  return {"Schedule", {expect, schedule, timezone, grace}};
}

OptionGroup describe_job(RunOptions& options) {
  OptionSpec shell{"shell",
                   0,
                   "TEXT",
                   "run TEXT with /bin/sh -c; operands are its $0 and arguments",
                   into(options.shell),
                   OptionSpec::Scope::command_line_only};
  OptionSpec timeout{"timeout", 0, "D", "end the job after D, with exit status 124 (0: no limit)",
                     into(options.time_limit)};
  OptionSpec signal{"signal", 0, "SIGNAL", "signal for that (default: TERM)",
                    into_signal(options.time_limit_signal)};
  OptionSpec kill_after{"kill-after", 0, "D", "time from that signal to KILL (default: 10s)",
                        into(options.kill_after)};
  OptionSpec success{"success-codes", 0, "LIST", "exit codes that count as success (default: 0)",
                     into_exit_codes(options.report.success_codes)};
  success.repeatable = true;
  success.separators = ", ";
  success.split_everywhere = true;
  OptionSpec require{"require-push", 0, "", "exit 125 when the job succeeded but its push did not",
                     set(options.require_push)};
  OptionSpec linger{"linger", 0, "D",
                    "after the run, go on delivering what is spooled for D, in the background",
                    into(options.linger)};
  OptionSpec ci{"ci", 0, "",
                "take job and labels from the CI system, and write a summary (default in CI without --job)",
                set(options.ci)};
  return {"Job", {shell, timeout, signal, kill_after, success, require, linger, ci}};
}

OptionGroup describe_metrics(RunOptions& options) {
  OptionSpec metric{"metric",
                    'm',
                    "NAME[{L}]=VALUE",
                    "add a metric; repeatable",
                    into_good_metrics(options),
                    OptionSpec::Scope::command_line_only};
  metric.repeatable = true;
  OptionSpec prefix{"prefix", 0, "PREFIX", "prefix of the metrics' names (default: job_)",
                    into_prefix(options.report.prefix)};
  OptionSpec no_rusage{"no-rusage", 0, "", "do not push CPU time and memory", set(options.no_resources)};
  OptionSpec count{"count", 0, "", "push the number of successes, failures, and failures in a row",
                   set(options.count)};
  OptionSpec histogram{"histogram", 0, "BOUNDS",
                       "push a histogram of the durations of all runs (default: from 1s to 1d)",
                       into_bounds(options.histogram)};
  histogram.implied_value = default_bounds;
  OptionSpec notify{"notify-start", 0, "", "also push when the job has started", set(options.notify_start)};
  OptionSpec heartbeat{"heartbeat", 0, "D", "push every D while the job runs; implies --notify-start",
                       into_interval(options.heartbeat)};
  OptionSpec dry_run{"dry-run",
                     0,
                     "",
                     "run the job, but print the push on standard error instead of sending it",
                     set(options.dry_run),
                     OptionSpec::Scope::command_line_only};
  return {"Metrics", {metric, prefix, no_rusage, count, histogram, notify, heartbeat, dry_run}};
}

}  // namespace

OptionTable describe(RunOptions& options) {
  OptionTable table{describe_job(options), describe(options.group), describe_schedule(options),
                    describe_metrics(options)};
  for (OptionGroup& group : describe(options.delivery)) table.push_back(std::move(group));
  table.push_back(describe(options.common));
  return table;
}

}  // namespace pushmetrics
