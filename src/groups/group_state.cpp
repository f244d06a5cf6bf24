#include "groups/group_state.hpp"

#include <algorithm>
#include <chrono>

namespace pushmetrics {

double to_unix_seconds(GroupSnapshot::Time time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

GroupState state_of(const GroupSnapshot& group, GroupSnapshot::Time now) {
  if (!group.last_push_successful) return GroupState::push_failed;
  if (group.running == 1) return GroupState::running;
  if (group.interrupted == 1) return GroupState::interrupted;
  if (group.success == 0) return GroupState::failed;
  const double due = group.last_success_seconds.value_or(0) + group.expected_interval_seconds.value_or(0);
  if (group.expected_interval_seconds && to_unix_seconds(now) > due) return GroupState::overdue;
  return GroupState::ok;
}

std::string_view to_string(GroupState state) {
  switch (state) {
    case GroupState::ok: return "ok";
    case GroupState::running: return "running";
    case GroupState::overdue: return "overdue";
    case GroupState::failed: return "failed";
    case GroupState::interrupted: return "interrupted";
    case GroupState::push_failed: return "push failed";
  }
  return "";
}

std::string age_words(const std::optional<GroupSnapshot::Time>& time, GroupSnapshot::Time now) {
  if (!time) return "never";
  return format_duration(std::max(Duration::zero(), Duration(now - *time)));
}

}  // namespace pushmetrics
