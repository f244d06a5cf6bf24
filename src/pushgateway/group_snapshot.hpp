#pragma once

#include "metrics/family.hpp"
#include "metrics/group_labels.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// A family of a group, without its samples: enough to see whether a push would collide with it.
struct FamilySnapshot {
  std::string name;
  MetricType type = MetricType::untyped;
  /// The SeriesIdentity of each series.
  std::vector<std::uint64_t> series;
};

/// A hash of a series' labels, in whatever order. An empty value counts as none: a gateway adds an empty
/// `instance` to what has none.
class SeriesIdentity {
 public:
  void add(std::string_view name, std::string_view value);
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

/// What a target holds of one group, as far as pushmetrics has a use for it.
struct GroupSnapshot {
  using Time = std::chrono::system_clock::time_point;

  GroupLabels labels;
  /// How sure it is that `labels` name the group.
  enum class Name {
    exact,
    /// The gateway did not say whether there is an empty `instance`: it may be a label more.
    perhaps_empty_instance,
    /// It holds bytes that are not UTF-8, and the gateway did not say which.
    unknown_bytes,
  };
  Name name = Name::exact;

  /// Empty: never, as far as the target tells.
  std::optional<Time> last_push;
  std::optional<Time> last_failed_push;
  bool last_push_successful = true;

  /// Of the metrics that `pushmetrics run` pushes; empty: the group has none.
  std::optional<double> success, duration_seconds, running, last_success_seconds, expected_interval_seconds;
  /// As --count keeps them.
  std::optional<double> runs_succeeded, runs_failed, consecutive_failures;

  /// Takes the value of a family's only sample, if it is one of these. `prefix` begins their names.
  void note(std::string_view metric, std::string_view prefix, double value);
  /// Takes that of a sample with the label `status`.
  void note_counted(std::string_view metric, std::string_view prefix, std::string_view status, double value);

  /// Without the gateway's own push_time_seconds and push_failure_time_seconds.
  std::vector<FamilySnapshot> held = {};
  std::size_t families = 0;
  std::size_t series = 0;

  /// The later of last push and last failed push.
  std::optional<Time> last_touched() const {
    if (!last_push || !last_failed_push) return last_push ? last_push : last_failed_push;
    return std::max(*last_push, *last_failed_push);
  }
};

}  // namespace pushmetrics
