#include "run/run_report.hpp"

#include "metrics/catalogue.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

enum class Life { running, ended };

/// Collects metrics of the catalogue that have one sample.
class Gauges {
 public:
  explicit Gauges(std::string_view prefix) : prefix_(prefix) {}

  void add(const RunMetric& metric, double value) {
    const std::string name = metric.full_name(prefix_);
    families_.push_back({name, metric.type, std::string(metric.help), {{name, {}, value}}});
  }
  void add_start(std::chrono::system_clock::time_point started) {
    add(run_metric::start, unix_seconds(started));
  }
  void add_life(Life life, std::chrono::system_clock::time_point seen) {
    add(run_metric::running, life == Life::running ? 1 : 0);
    add(run_metric::heartbeat, unix_seconds(seen));
  }
  /// When the next run is expected.
  void add_expectations(const ReportOptions& options) {
    if (options.expected_interval) add(run_metric::expected_interval, to_seconds(*options.expected_interval));
    if (!options.next_run) return;
    add(run_metric::next_run, unix_seconds(*options.next_run));
    add(run_metric::schedule_grace, to_seconds(options.schedule_grace));
  }
  void add_oom_kills(const std::optional<long long>& kills) {
    if (kills) add(run_metric::oom_kills, static_cast<double>(*kills));
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
  gauges.add(run_metric::duration, to_seconds(outcome.took));
  gauges.add(run_metric::success, success ? 1 : 0);
  gauges.add(run_metric::exit_code, outcome.status());
  gauges.add_start(outcome.started);
  gauges.add(run_metric::last_completion, unix_seconds(outcome.ended));
  if (success) gauges.add(run_metric::last_success, unix_seconds(outcome.ended));
  gauges.add(run_metric::interrupted, 0);
  if (options.resources) {
    gauges.add(run_metric::cpu_user, to_seconds(outcome.resources.user));
    gauges.add(run_metric::cpu_system, to_seconds(outcome.resources.system));
    gauges.add(run_metric::max_resident_memory, static_cast<double>(outcome.resources.max_resident_bytes));
  }
  gauges.add_oom_kills(outcome.oom_kills);
  if (options.has_time_limit) gauges.add(run_metric::timed_out, outcome.timed_out ? 1 : 0);
  if (options.heartbeat) gauges.add_life(Life::ended, outcome.ended);
  gauges.add_expectations(options);
  return std::move(gauges).families();
}

std::vector<Family> report_running(std::chrono::system_clock::time_point started,
                                   std::chrono::system_clock::time_point now, const ReportOptions& options) {
  Gauges gauges(options.prefix);
  gauges.add_start(started);
  gauges.add_life(Life::running, now);
  gauges.add_expectations(options);
  return std::move(gauges).families();
}

std::vector<Family> report_interrupted(const InterruptedRun& run, std::string_view prefix) {
  Gauges gauges(prefix);
  gauges.add(run_metric::success, 0);
  if (!run.is_followed) gauges.add_start(run.start);
  gauges.add(run_metric::interrupted, 1);
  gauges.add_oom_kills(run.oom_kills);
  if (run.is_running_pushed && !run.is_followed) gauges.add(run_metric::running, 0);
  return std::move(gauges).families();
}

double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace pushmetrics
