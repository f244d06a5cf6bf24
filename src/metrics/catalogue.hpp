#pragma once

#include "metrics/family.hpp"

#include <array>
#include <string_view>

namespace pushmetrics {

/// A family that `pushmetrics run` can push. The prefix (`job_`, or that of --prefix) comes before its name.
struct RunMetric {
  /// On which condition it is pushed.
  enum class When { always, on_success, with_option, without_option, with_steps, if_known };

  std::string_view name;
  MetricType type = MetricType::gauge;
  std::string_view help;
  When when = When::always;
  /// The options of `run` that `when` refers to, separated by blanks.
  std::string_view options = {};

  std::string full_name(std::string_view prefix) const { return std::string(prefix).append(name); }
};

/// The metric catalogue: each family once. Reports, reserved names, counts, rules, dashboard and `list` read
/// it, and so does the test of the tables in README.md and in the man page.
namespace run_metric {

using When = RunMetric::When;

inline constexpr RunMetric duration{"duration_seconds", MetricType::gauge, "Wall time of the last run."};
inline constexpr RunMetric success{"success", MetricType::gauge,
                                   "Whether the last run succeeded (1) or failed (0)."};
inline constexpr RunMetric exit_code{
    "exit_code", MetricType::gauge,
    "Exit status of the last run: 128+n for a death by signal n, 124 for a time-out."};
inline constexpr RunMetric start{"start_timestamp_seconds", MetricType::gauge,
                                 "Unix time at which the last run started."};
inline constexpr RunMetric last_completion{"last_completion_timestamp_seconds", MetricType::gauge,
                                           "Unix time at which the last run ended."};
inline constexpr RunMetric last_success{"last_success_timestamp_seconds", MetricType::gauge,
                                        "Unix time at which the last successful run ended.",
                                        When::on_success};
inline constexpr RunMetric interrupted{
    "interrupted", MetricType::gauge,
    "Whether the last run ended without anyone observing its end (1) or not (0)."};
inline constexpr RunMetric cpu_user{"cpu_user_seconds", MetricType::gauge,
                                    "CPU time that the last run spent in user mode.", When::without_option,
                                    "--no-rusage"};
inline constexpr RunMetric cpu_system{"cpu_system_seconds", MetricType::gauge,
                                      "CPU time that the last run spent in the kernel.", When::without_option,
                                      "--no-rusage"};
inline constexpr RunMetric max_resident_memory{"max_resident_memory_bytes", MetricType::gauge,
                                               "Peak resident memory of the largest process of the last run.",
                                               When::without_option, "--no-rusage"};
inline constexpr RunMetric oom_kills{"oom_kills", MetricType::gauge,
                                     "OOM kills in the job's cgroup during the last run.", When::if_known};
inline constexpr RunMetric timed_out{"timed_out", MetricType::gauge,
                                     "Whether the last run was ended by its time limit (1) or not (0).",
                                     When::with_option, "--timeout"};
inline constexpr RunMetric running{"running", MetricType::gauge, "Whether the job runs (1) or not (0).",
                                   When::with_option, "--notify-start --heartbeat"};
inline constexpr RunMetric heartbeat{"heartbeat_timestamp_seconds", MetricType::gauge,
                                     "Unix time at which the job was last seen running.", When::with_option,
                                     "--notify-start --heartbeat"};
inline constexpr RunMetric expected_interval{"expected_interval_seconds", MetricType::gauge,
                                             "How often a successful run of this job is expected.",
                                             When::with_option, "--expect-every"};
inline constexpr RunMetric next_run{"next_run_timestamp_seconds", MetricType::gauge,
                                    "Unix time at which the schedule names the next run.", When::with_option,
                                    "--schedule"};
inline constexpr RunMetric schedule_grace{"schedule_grace_seconds", MetricType::gauge,
                                          "How long after its scheduled time a run may end.",
                                          When::with_option, "--schedule"};
inline constexpr RunMetric runs{"runs_total", MetricType::counter, "Runs of the job, by how they ended.",
                                When::with_option, "--count"};
inline constexpr RunMetric consecutive_failures{
    "consecutive_failures", MetricType::gauge, "Runs of the job that did not succeed since its last success.",
    When::with_option, "--count"};

inline constexpr RunMetric run_duration{"run_duration_seconds", MetricType::histogram,
                                        "Wall time of all runs.", When::with_option, "--histogram"};
inline constexpr RunMetric step_duration{"step_duration_seconds", MetricType::gauge,
                                         "Wall time of the steps of the last run, by step.",
                                         When::with_steps};
inline constexpr RunMetric step_success{
    "step_success", MetricType::gauge, "Whether a step of the last run succeeded (1) or failed (0), by step.",
    When::with_steps};

}  // namespace run_metric

/// In the order in which the documentation lists them.
inline constexpr std::array run_metrics{
    run_metric::duration,
    run_metric::success,
    run_metric::exit_code,
    run_metric::start,
    run_metric::last_completion,
    run_metric::last_success,
    run_metric::interrupted,
    run_metric::cpu_user,
    run_metric::cpu_system,
    run_metric::max_resident_memory,
    run_metric::oom_kills,
    run_metric::timed_out,
    run_metric::running,
    run_metric::heartbeat,
    run_metric::expected_interval,
    run_metric::next_run,
    run_metric::schedule_grace,
    run_metric::runs,
    run_metric::consecutive_failures,
    run_metric::run_duration,
    run_metric::step_duration,
    run_metric::step_success,
};

/// Whether only `run` itself may push a family of this name: it names one of the catalogue, whether or not this
/// run pushes it.
bool is_reserved_name(std::string_view name, std::string_view prefix);

}  // namespace pushmetrics
