#include "job/steps.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

using Time = std::chrono::system_clock::time_point;

StepRun run_at(const char* name, pid_t process, std::chrono::milliseconds at) {
  return {name, process, Time(at)};
}

std::string whole(const StepRun& run, Duration took, bool success) {
  return step_begin_line(run) + step_end_line(run, took, success);
}

}  // namespace

TEST_CASE("a step has a duration and a success") {
  const Steps steps = read_steps(whole(run_at("build/test a", 7, 1000ms), 1500ms, true), Time(9s));
  REQUIRE(steps.steps.size() == 1);
  CHECK(steps.steps[0].name == "build/test a");
  CHECK(steps.steps[0].took == 1500ms);
  CHECK(steps.steps[0].success);
  REQUIRE(steps.steps[0].intervals.size() == 1);
  CHECK(steps.steps[0].intervals[0].started == Time(1000ms));
}

TEST_CASE("repeated runs add up, and the one that ended last says the success") {
  const StepRun first = run_at("test", 7, 1000ms);
  const StepRun second = run_at("test", 8, 1100ms);
  const std::string text = step_begin_line(first) + step_begin_line(second) +
                           step_end_line(second, 200ms, true) + step_end_line(first, 400ms, false);
  const Steps steps = read_steps(text, Time(9s));
  REQUIRE(steps.steps.size() == 1);
  CHECK(steps.steps[0].took == 600ms);
  CHECK_FALSE(steps.steps[0].success);
  CHECK(steps.steps[0].intervals[0].started == Time(1000ms));
}

TEST_CASE("a run without an end failed, and lasted as long as the job") {
  const Steps steps = read_steps(step_begin_line(run_at("gone", 7, 1000ms)), Time(3s));
  REQUIRE(steps.steps.size() == 1);
  CHECK(steps.steps[0].took == 2s);
  CHECK_FALSE(steps.steps[0].success);
}

TEST_CASE("steps are in the order of their starts, an outer one first") {
  const StepRun outer = run_at("build", 7, 1000ms);
  const StepRun inner = run_at("build/link", 8, 1010ms);
  const std::string text =
      step_begin_line(outer) + whole(inner, 10ms, true) + step_end_line(outer, 30ms, true);
  const Steps steps = read_steps(text, Time(9s));
  REQUIRE(steps.steps.size() == 2);
  CHECK(steps.steps[0].name == "build");
  CHECK(steps.steps[1].name == "build/link");
}

TEST_CASE("other lines, and damaged ones, are no steps") {
  for (const char* text :
       {"rows 42\n# STEP one\n", "# STEP end 1 2 3 1\n", "# STEP end 1 2 x 1 name\n",
        "# STEP end -1 2 3 1 name\n", "# STEP begin 1\n", "# STEP begin 1 99999999999999999999999 name\n",
        "# STEP end 1 2 3 1 \x1b[2J\n", "# STEP end 1 2 3 1 \xff\n", "# STEP end 1 2 3 1 name", ""}) {
    CAPTURE(text);
    const bool is_whole = std::string(text) == "# STEP end 1 2 3 1 name";
    CHECK(read_steps(text, Time(9s)).steps.size() == (is_whole ? 1 : 0));
  }
}

TEST_CASE("of more names than anybody looks at the rest are counted") {
  std::string text;
  for (int i = 0; i < 1003; ++i)
    text += whole({"step " + std::to_string(i), 7, Time(std::chrono::seconds(i))}, 1s, true);
  const Steps steps = read_steps(text, Time(9s));
  CHECK(steps.steps.size() == 1000);
  CHECK(steps.omitted == 3);
}

TEST_CASE("steps are pushed as two families with a label each") {
  const Steps steps = read_steps(whole(run_at("a", 7, 1000ms), 1500ms, true), Time(9s));
  const auto families = step_families(steps.steps, "backup_");
  REQUIRE(families.size() == 2);
  CHECK(families[0].name == "backup_step_duration_seconds");
  CHECK(families[0].samples[0].labels == std::vector<Label>{{"step", "a"}});
  CHECK(families[0].samples[0].value == 1.5);
  CHECK(families[1].name == "backup_step_success");
  CHECK(step_families({}, "job_").empty());
}

TEST_CASE("a step's name is one line of UTF-8") {
  CHECK(is_valid_step_name("build/tëst 1"));
  for (const char* name : {"", " ", "a\nb", "a\tb", "\xff", "\x7f"}) CHECK_FALSE(is_valid_step_name(name));
}
