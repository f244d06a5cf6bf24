#pragma once

#include "metrics/push.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Why a Pushgateway that holds `groups` refuses `push` as inconsistent (PROTOCOL.md, "Pushing"): a sentence
/// that names group, metric and type, and the `pushmetrics delete` for the gateway at `url` that clears it.
/// Empty: none of the groups is in its way.
std::string explain_push_conflict(const Push& push, const std::vector<GroupSnapshot>& groups,
                                  std::string_view url);

/// The same of the types in the gateway's /metrics, for when no group explains it: then it is the gateway's
/// own family that is in the way, and nothing can be deleted.
using Types = std::map<std::string, MetricType, std::less<>>;
std::string explain_gateway_conflict(const Push& push, const Types& types);

/// Gathers the TYPE lines of a text that comes in pieces. Of the text it keeps a line at a time.
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
