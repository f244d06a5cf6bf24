#include "run/run_report.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

Outcome exited(int code) {
  Outcome outcome;
  outcome.number = code;
  outcome.started = std::chrono::system_clock::time_point(1000s);
  outcome.ended = std::chrono::system_clock::time_point(1002500ms);
  outcome.took = 2500ms;
  outcome.resources = {1s, 500ms, 4096};
  return outcome;
}

const Sample* sample_of(const std::vector<Family>& families, const std::string& name) {
  const auto family = std::ranges::find(families, name, &Family::name);
  return family == families.end() ? nullptr : &family->samples.at(0);
}

}  // namespace

TEST_CASE("a success reports when it was, a failure does not") {
  CHECK(sample_of(report(exited(0), {}), "job_last_success_timestamp_seconds")->value == 1002.5);
  CHECK(sample_of(report(exited(1), {}), "job_last_success_timestamp_seconds") == nullptr);
  CHECK(sample_of(report(exited(1), {}), "job_last_completion_timestamp_seconds")->value == 1002.5);
}

TEST_CASE("every family says what it is") {
  for (const Family& family : report(exited(0), {})) {
    CAPTURE(family.name);
    CHECK(family.type == MetricType::gauge);
    CHECK_FALSE(family.help.empty());
    CHECK(family.samples.size() == 1);
    CHECK(family.samples[0].name == family.name);
  }
}

TEST_CASE("success is what the success codes say, but never a time-out or a death by signal") {
  ReportOptions options;
  options.success_codes = {0, 24};
  CHECK(is_success(exited(24), options));
  CHECK_FALSE(is_success(exited(1), options));
  Outcome outcome = exited(0);
  outcome.timed_out = true;
  CHECK_FALSE(is_success(outcome, options));
  outcome = exited(24);
  outcome.ending = Outcome::Ending::killed;
  CHECK_FALSE(is_success(outcome, options));
}

TEST_CASE("what is optional is there only when asked for") {
  const auto plain = report(exited(0), {});
  CHECK(sample_of(plain, "job_cpu_user_seconds")->value == 1);
  CHECK(sample_of(plain, "job_timed_out") == nullptr);
  CHECK(sample_of(plain, "job_expected_interval_seconds") == nullptr);

  ReportOptions options;
  options.prefix = "backup_";
  options.resources = false;
  options.has_time_limit = true;
  options.expected_interval = 24h;
  const auto other = report(exited(0), options);
  CHECK(sample_of(other, "backup_cpu_user_seconds") == nullptr);
  CHECK(sample_of(other, "backup_max_resident_memory_bytes") == nullptr);
  CHECK(sample_of(other, "backup_timed_out")->value == 0);
  CHECK(sample_of(other, "backup_expected_interval_seconds")->value == 86400);
}
