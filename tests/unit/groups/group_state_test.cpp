#include "groups/group_state.hpp"

#include "cli/table.hpp"
#include "metrics/group_labels.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

TEST_CASE("the worst that can be said of a group is its state") {
  const GroupSnapshot::Time now(std::chrono::seconds(10000));
  GroupSnapshot group;
  CHECK(state_of(group, now) == GroupState::ok);
  group.expected_interval_seconds = 3600;
  CHECK(state_of(group, now) == GroupState::overdue);  // it never succeeded
  group.last_success_seconds = 6400;
  CHECK(state_of(group, now) == GroupState::ok);
  group.last_success_seconds = 6399;
  CHECK(state_of(group, now) == GroupState::overdue);
  group.success = 0;
  CHECK(state_of(group, now) == GroupState::failed);
  group.running = 1;
  CHECK(state_of(group, now) == GroupState::running);
  group.last_push_successful = false;
  CHECK(state_of(group, now) == GroupState::push_failed);
}

TEST_CASE("a table's columns are aligned, wide characters included, and its lines end with no space") {
  CHECK(format_table({"A", "B", "C"}, {{{"日本"}, {"x"}, {""}}, {{"a"}, {"y", Style::bad}, {"z"}}},
                     Colours::none) == "A     B  C\n日本  x\na     y  z\n");
  CHECK(styled("y", Style::bad, Colours::ansi) == "\x1b[31my\x1b[0m");
}
