#pragma once

#include "metrics/family.hpp"
#include "metrics/push.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace pushmetrics {

/// Types of the metrics in a gateway's /metrics.
using Types = std::map<std::string, MetricType, std::less<>>;

/// Why a Pushgateway rejects a push as inconsistent (PROTOCOL.md, "Pushing").
class PushConflicts {
 public:
  /// `push` must outlive it.
  explicit PushConflicts(const Push& push);

  /// Whether explain() needs the group: the others of a list need not be kept.
  bool concern(const GroupSnapshot& group) const;
  /// The same of a metric's name.
  bool concern(std::string_view name) const { return names_.contains(std::string(name)); }

  /// A sentence with group, metric and type, and the `pushmetrics delete` for the gateway at `url` that resolves
  /// it. Empty if none of the groups conflicts.
  std::string explain(const std::vector<GroupSnapshot>& groups, std::string_view url) const;
  /// The same for the types in the gateway's /metrics, if no group explains the rejection. Then a family of the
  /// gateway's own conflicts, and nothing can be deleted.
  std::string explain(const Types& types) const;

 private:
  std::string type_conflict(const GroupSnapshot& group) const;
  std::string series_conflict(const GroupSnapshot& group) const;
  bool is_replaced(const GroupSnapshot& group, std::string_view name) const;

  const Push& push_;
  std::vector<Family> families_;
  /// SeriesIdentity of the series of each family, as the gateway stores them.
  std::vector<std::unordered_set<std::uint64_t>> series_;
  /// Those that cannot stand beside the push's families, if they are of another type.
  std::unordered_set<std::string> names_;
};

/// Collects the TYPE lines of a text that arrives in pieces. Stores one line at a time, and the types of the names
/// that concern `conflicts`.
class TypeLines {
 public:
  explicit TypeLines(const PushConflicts& conflicts) : conflicts_(conflicts) {}

  void take(std::string_view piece);
  const Types& types() const { return types_; }

 private:
  void end_line();

  const PushConflicts& conflicts_;
  std::string line_;
  Types types_;
};

}  // namespace pushmetrics
