#include "job/report.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {

bool is_success(const Outcome& outcome, const ReportOptions& options) {
  return outcome.ending == Outcome::Ending::exited && !outcome.timed_out &&
         std::ranges::find(options.success_codes, outcome.number) != options.success_codes.end();
}

std::vector<Family> report(const Outcome& outcome, const ReportOptions& options) {
  std::vector<Family> families;
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    const std::string full_name = concat({options.prefix, name});
    families.push_back({full_name, MetricType::gauge, std::string(help), {{full_name, {}, value}}});
  };

  const bool success = is_success(outcome, options);
  gauge("duration_seconds", "Wall time of the last run.", to_seconds(outcome.took));
  gauge("success", "Whether the last run succeeded (1) or failed (0).", success ? 1 : 0);
  gauge("exit_code", "Exit status of the last run, 128+n for a death by signal n.", outcome.status());
  gauge("start_timestamp_seconds", "Unix time at which the last run started.", unix_seconds(outcome.started));
  gauge("last_completion_timestamp_seconds", "Unix time at which the last run ended.",
        unix_seconds(outcome.ended));
  if (success)
    gauge("last_success_timestamp_seconds", "Unix time at which the last successful run ended.",
          unix_seconds(outcome.ended));
  if (options.resources) {
    gauge("cpu_user_seconds", "CPU time that the last run spent in user mode.",
          to_seconds(outcome.resources.user));
    gauge("cpu_system_seconds", "CPU time that the last run spent in the kernel.",
          to_seconds(outcome.resources.system));
    gauge("max_resident_memory_bytes", "Peak resident memory of the largest process of the last run.",
          static_cast<double>(outcome.resources.max_resident_bytes));
  }
  if (options.has_time_limit)
    gauge("timed_out", "Whether the last run was ended by its time limit (1) or not (0).",
          outcome.timed_out ? 1 : 0);
  if (options.expected_interval)
    gauge("expected_interval_seconds", "How often a successful run of this job is expected.",
          to_seconds(*options.expected_interval));
  return families;
}

double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace pushmetrics
