#pragma once

#include "cli/common_options.hpp"
#include "cli/delivery_options.hpp"
#include "cli/group_options.hpp"
#include "metrics/family.hpp"
#include "run/run_report.hpp"
#include "schedule/cron_schedule.hpp"

#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

struct RunOptions {
  GroupOptions group;
  DeliveryOptions delivery;
  CommonOptions common;
  ReportOptions report;
  std::vector<Family> metrics;
  /// What was wrong with other values of --metric.
  std::vector<std::string> metric_problems;
  std::optional<Duration> time_limit;
  int time_limit_signal = SIGTERM;
  Duration kill_after = std::chrono::seconds(10);
  std::optional<std::string> shell;
  bool no_resources = false;
  std::optional<CronSchedule> schedule;
  /// Of the schedule; empty: this machine's.
  std::string timezone;
  bool count = false;
  /// The bounds of the histogram of durations, in seconds; empty: there is none.
  std::vector<double> histogram;
  bool notify_start = false;
  std::optional<Duration> heartbeat;
  /// How long a process stays after the run to deliver what is spooled.
  std::optional<Duration> linger;
  bool require_push = false;
  bool dry_run = false;
  bool ci = false;
};

OptionTable describe(RunOptions& options);

}  // namespace pushmetrics
