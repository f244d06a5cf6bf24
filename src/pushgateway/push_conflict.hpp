#pragma once

#include "metrics/push.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Why a Pushgateway that holds `groups` rejects `push` as inconsistent (PROTOCOL.md, "Pushing"): a sentence
/// with group, metric and type, and the `pushmetrics delete` for the gateway at `url` that resolves it. Empty
/// if none of the groups conflicts.
std::string explain_push_conflict(const Push& push, const std::vector<GroupSnapshot>& groups,
                                  std::string_view url);

/// The same for the types in the gateway's /metrics, if no group explains the rejection. Then a family of the
/// gateway's own conflicts, and nothing can be deleted.
using Types = std::map<std::string, MetricType, std::less<>>;
std::string explain_gateway_conflict(const Push& push, const Types& types);

/// Collects the TYPE lines of a text that arrives in pieces. Stores one line at a time.
class TypeLines {
 public:
  void take(std::string_view piece);
  const Types& types() const { return types_; }

 private:
  void end_line();

  std::string line_;
  Types types_;
};

}  // namespace pushmetrics
