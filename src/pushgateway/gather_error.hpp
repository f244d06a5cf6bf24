#pragma once

#include "metrics/group_labels.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <string_view>
#include <vector>

namespace pushmetrics {

/// A group because of which a gateway fails /metrics and rejects every push, as named by the gateway's error
/// (PROTOCOL.md, hazards 1 and 2).
struct GatherError {
  enum class Kind {
    not_utf8,  ///< the value of a label is not valid UTF-8
    collides,  ///< `{job=x}` exists as well as `{job=x,instance=""}`
  };
  Kind kind = Kind::not_utf8;
  /// With the exact bytes, and with an empty `instance` even if the group has none.
  GroupLabels labels;
};

/// The groups named in a response of status 500 to GET /metrics, or of 400 to a push; each once.
std::vector<GatherError> read_gather_errors(std::string_view text);

/// Restores the bytes of labels that are unknown in `groups` but named by the errors.
void settle_unknown_bytes(std::vector<GroupSnapshot>& groups, std::vector<GatherError> complaints);

}  // namespace pushmetrics
