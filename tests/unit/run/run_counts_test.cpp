#include "run/run_counts.hpp"

#include "metrics/exposition_writer.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace pushmetrics;

namespace {

RunCounts advanced(const RunCounts& counts, RunEnd end) { return followed_by(counts, counts_of(end)); }

std::vector<Family> held(double succeeded, double failed, double consecutive) {
  return count_families({succeeded, failed, consecutive}, "job_");
}

}  // namespace

TEST_CASE("a success ends the failures in a row, and only them") {
  RunCounts counts;
  for (const RunEnd end : {RunEnd::failure, RunEnd::failure, RunEnd::success}) counts = advanced(counts, end);
  CHECK(counts == RunCounts{1, 2, 0});
  CHECK(advanced(counts, RunEnd::failure) == RunCounts{1, 3, 1});
}

TEST_CASE("an interrupted run has a count of its own, and is one of the failures in a row") {
  RunCounts counts = advanced(advanced({4, 1, 1, 2}, RunEnd::interrupted), RunEnd::interrupted);
  CHECK(counts == RunCounts{4, 1, 3, 4});
  CHECK(advanced(counts, RunEnd::success) == RunCounts{5, 1, 0, 4});
  CHECK(merged({4, 1, 3, 4}, {7, 1, 0, 2}) == RunCounts{7, 1, 0, 4});
  CHECK(followed_by({4, 1, 3, 4}, {0, 0, 1, 1}) == RunCounts{4, 1, 4, 5});
}

TEST_CASE("of two places no count falls, and who knows of more runs knows how the last ones ended") {
  CHECK(merged({5, 1, 0}, {3, 0, 0}) == RunCounts{5, 1, 0});
  CHECK(merged({5, 1, 0}, {4, 3, 2}) == RunCounts{5, 3, 2});
  CHECK(merged({4, 3, 2}, {5, 1, 0}) == RunCounts{5, 3, 2});
  CHECK(merged({1, 1, 1}, {2, 0, 0}) == RunCounts{2, 1, 1});
}

TEST_CASE("failures in a row go on from one place to the next, unless there was a success between") {
  CHECK(followed_by({2, 3, 1}, {0, 2, 2}) == RunCounts{2, 5, 3});
  CHECK(followed_by({2, 3, 1}, {1, 2, 2}) == RunCounts{3, 5, 2});
  CHECK(followed_by({2, 3, 1}, {}) == RunCounts{2, 3, 1});
}

TEST_CASE("what a group holds under the counts' names may be no counts") {
  CHECK(run_counts_of(held(3, 2, 1), "job_") == RunCounts{3, 2, 1});
  CHECK_FALSE(run_counts_of({}, "job_"));
  CHECK_FALSE(run_counts_of(held(3, 2, 1), "backup_"));
  for (const double wrong :
       {-1.0, 0.5, 1e16, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_FALSE(run_counts_of(held(wrong, 2, 1), "job_"));
    CHECK_FALSE(run_counts_of(held(3, wrong, 1), "job_"));
    CHECK_FALSE(run_counts_of(held(3, 2, wrong), "job_"));
  }
  const std::vector<Family> half{
      {"job_runs_total", MetricType::counter, "", {{"job_runs_total", {{"status", "failure"}}, 4}}}};
  CHECK(run_counts_of(half, "job_") == RunCounts{0, 4, 0});
}

TEST_CASE("every status is always pushed") {
  CHECK(write_exposition(count_families({}, "x_")) ==
        "# HELP x_runs_total Runs of the job, by how they ended.\n"
        "# TYPE x_runs_total counter\n"
        "x_runs_total{status=\"success\"} 0\n"
        "x_runs_total{status=\"failure\"} 0\n"
        "x_runs_total{status=\"interrupted\"} 0\n"
        "# HELP x_consecutive_failures Runs of the job that did not succeed since its last success.\n"
        "# TYPE x_consecutive_failures gauge\n"
        "x_consecutive_failures 0\n");
}
