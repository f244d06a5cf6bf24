#pragma once

#include "metrics/group_labels.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <string_view>
#include <vector>

namespace pushmetrics {

/// A group that keeps a gateway from answering /metrics and from taking any push, as the gateway itself tells
/// it (PROTOCOL.md, hazards 1 and 2).
struct GatherError {
  enum class Kind {
    not_utf8,  ///< a label's value is not
    collides,  ///< `{job=x}` is there beside `{job=x,instance=""}`
  };
  Kind kind = Kind::not_utf8;
  /// With the exact bytes, and with an empty `instance` even where the group has none.
  GroupLabels labels;
};

/// The groups that an answer of status 500 to GET /metrics, or of 400 to a push, complains of: each once.
std::vector<GatherError> read_gather_errors(std::string_view text);

/// Puts the bytes that the complaints tell into those groups' labels of which they are unknown.
void settle_unknown_bytes(std::vector<GroupSnapshot>& groups, std::vector<GatherError> complaints);

}  // namespace pushmetrics
