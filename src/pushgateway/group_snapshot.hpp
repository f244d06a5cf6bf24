#pragma once

#include "metrics/family.hpp"
#include "metrics/group_labels.hpp"
#include "pushgateway/run_values.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// A family of a group without its samples: enough to see whether a push would conflict with it.
struct FamilySnapshot {
  std::string name;
  MetricType type = MetricType::untyped;
  /// SeriesIdentity of each series.
  std::vector<std::uint64_t> series;
};

/// Order-independent hash of a series' labels. An empty value counts as missing: a gateway adds an empty
/// `instance` to groups without one.
class SeriesIdentity {
 public:
  void add(std::string_view name, std::string_view value);
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

/// Drops from the samples the labels that the group has, and empty ones, which are the same as missing ones.
void drop_group_labels(std::vector<Family>& families, const GroupLabels& group);

/// What a target holds of one group, as far as pushmetrics needs it.
struct GroupSnapshot : RunValues {
  using Time = std::chrono::system_clock::time_point;

  GroupLabels labels;
  /// Whether `labels` identify the group exactly.
  enum class Name {
    exact,
    /// The gateway did not say whether there is also an empty `instance`.
    perhaps_empty_instance,
    /// Some values are not valid UTF-8, and the gateway did not say which bytes they contain.
    unknown_bytes,
  };
  Name name = Name::exact;
  /// It has an empty `instance`, and the group of the same labels without one exists, too (PROTOCOL.md, hazard 2).
  bool is_beside_bare_group = false;

  /// Empty: never, or not known.
  std::optional<Time> last_push;
  std::optional<Time> last_failed_push;
  bool last_push_successful = true;

  /// Without the gateway's push_time_seconds and push_failure_time_seconds.
  std::vector<FamilySnapshot> held = {};
  /// The families with their samples, without the labels of the group, if the query asked for them. Without summaries.
  std::vector<Family> contents = {};
  std::size_t families = 0;
  std::size_t series = 0;

  /// The later of the last push and the last failed push.
  std::optional<Time> last_touched() const {
    if (!last_push || !last_failed_push) return last_push ? last_push : last_failed_push;
    return std::max(*last_push, *last_failed_push);
  }
};

}  // namespace pushmetrics
