#pragma once

#include "job/outcome.hpp"
#include "metrics/family.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What is reported about a run (pushmetrics(1), METRICS).
struct ReportOptions {
  std::string prefix = "job_";
  /// The exit codes that count as success.
  std::vector<int> success_codes = {0};
  bool resources = true;
  bool has_time_limit = false;
  /// The start is pushed, too, so the end has to take back that the job runs.
  bool heartbeat = false;
  std::optional<Duration> expected_interval;
  /// That the schedule names; known once the job has started.
  std::optional<std::chrono::sys_seconds> next_run;
  /// How long after that a run may end.
  Duration schedule_grace = std::chrono::hours(1);
};

/// A job that timed out has failed, whatever it exits with.
bool is_success(const Outcome& outcome, const ReportOptions& options);

/// The run's own families. A failure has no `last_success_timestamp_seconds`, so that pushing it with POST
/// leaves the one that is there.
std::vector<Family> report(const Outcome& outcome, const ReportOptions& options);

/// What is said of a job that still runs, as of `now`.
std::vector<Family> report_running(std::chrono::system_clock::time_point started,
                                   std::chrono::system_clock::time_point now, const ReportOptions& options);

/// A run whose end nobody observed.
struct InterruptedRun {
  std::chrono::system_clock::time_point start;
  /// It was pushed that the job runs.
  bool is_running_pushed = false;
  /// The next run pushes that it runs, and since when: that is not taken back.
  bool is_followed = false;
  std::optional<long long> oom_kills = std::nullopt;
};
std::vector<Family> report_interrupted(const InterruptedRun& run, std::string_view prefix);

/// Unix time in seconds.
double unix_seconds(std::chrono::system_clock::time_point time);

}  // namespace pushmetrics
