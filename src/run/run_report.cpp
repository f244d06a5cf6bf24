#include "run/run_report.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

enum class Life { running, ended };

/// Collects gauges, each with the text that is the same wherever the metric is pushed.
class Gauges {
 public:
  explicit Gauges(std::string_view prefix) : prefix_(prefix) {}

  void add(std::string_view name, std::string_view help, double value) {
    const std::string full_name = concat({prefix_, name});
    families_.push_back({full_name, MetricType::gauge, std::string(help), {{full_name, {}, value}}});
  }
  void add_start(std::chrono::system_clock::time_point started) {
    add("start_timestamp_seconds", "Unix time at which the last run started.", unix_seconds(started));
  }
  void add_life(Life life, std::chrono::system_clock::time_point seen) {
    add("running", "Whether the job runs (1) or not (0).", life == Life::running ? 1 : 0);
    add("heartbeat_timestamp_seconds", "Unix time at which the job was last seen running.",
        unix_seconds(seen));
  }
  void add_interval(const std::optional<Duration>& interval) {
    if (interval)
      add("expected_interval_seconds", "How often a successful run of this job is expected.",
          to_seconds(*interval));
  }
  std::vector<Family> families() && { return std::move(families_); }

 private:
  std::string_view prefix_;
  std::vector<Family> families_;
};

}  // namespace

bool is_success(const Outcome& outcome, const ReportOptions& options) {
  return outcome.ending == Outcome::Ending::exited && !outcome.timed_out &&
         std::ranges::find(options.success_codes, outcome.number) != options.success_codes.end();
}

std::vector<Family> report(const Outcome& outcome, const ReportOptions& options) {
  Gauges gauges(options.prefix);
  const bool success = is_success(outcome, options);
  gauges.add("duration_seconds", "Wall time of the last run.", to_seconds(outcome.took));
  gauges.add("success", "Whether the last run succeeded (1) or failed (0).", success ? 1 : 0);
  gauges.add("exit_code", "Exit status of the last run, 128+n for a death by signal n.", outcome.status());
  gauges.add_start(outcome.started);
  gauges.add("last_completion_timestamp_seconds", "Unix time at which the last run ended.",
             unix_seconds(outcome.ended));
  if (success)
    gauges.add("last_success_timestamp_seconds", "Unix time at which the last successful run ended.",
               unix_seconds(outcome.ended));
  if (options.resources) {
    gauges.add("cpu_user_seconds", "CPU time that the last run spent in user mode.",
               to_seconds(outcome.resources.user));
    gauges.add("cpu_system_seconds", "CPU time that the last run spent in the kernel.",
               to_seconds(outcome.resources.system));
    gauges.add("max_resident_memory_bytes", "Peak resident memory of the largest process of the last run.",
               static_cast<double>(outcome.resources.max_resident_bytes));
  }
  if (options.has_time_limit)
    gauges.add("timed_out", "Whether the last run was ended by its time limit (1) or not (0).",
               outcome.timed_out ? 1 : 0);
  if (options.heartbeat) gauges.add_life(Life::ended, outcome.ended);
  gauges.add_interval(options.expected_interval);
  return std::move(gauges).families();
}

std::vector<Family> report_running(std::chrono::system_clock::time_point started,
                                   std::chrono::system_clock::time_point now, const ReportOptions& options) {
  Gauges gauges(options.prefix);
  gauges.add_start(started);
  gauges.add_life(Life::running, now);
  gauges.add_interval(options.expected_interval);
  return std::move(gauges).families();
}

double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace pushmetrics
