#pragma once

#include "pushgateway/group_snapshot.hpp"
#include "support/duration.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// How a group stands. Worse ones have greater values.
enum class GroupState {
  ok,
  running,      ///< the job is at it
  overdue,      ///< the last success is longer ago than the job's expected interval
  failed,       ///< the job's last run
  interrupted,  ///< the job's last run ended, and nobody observed how
  push_failed,  ///< the last push: what the group holds is of an earlier one
};

/// At `now`, of the target's clock.
GroupState state_of(const GroupSnapshot& group, GroupSnapshot::Time now);

/// `push failed`.
std::string_view to_string(GroupState state);

/// `3m 5s` since `time`, or `never`.
std::string age_words(const std::optional<GroupSnapshot::Time>& time, GroupSnapshot::Time now);

/// Seconds since 1970.
double to_unix_seconds(GroupSnapshot::Time time);

}  // namespace pushmetrics
