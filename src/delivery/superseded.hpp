#pragma once

#include "delivery/spool_entry.hpp"

#include <optional>

namespace pushmetrics {

/// Whether nothing of `older` would be left once `newer`, of the same group, is delivered: a push that replaces the
/// group leaves nothing, one that adds leaves families that it does not hold.
bool replaces(const SpoolEntry& newer, const SpoolEntry& older);

/// What of `older` is still to be delivered once `newer`, of the same group, has been: in either order, the group is
/// then as if both had come in theirs. Nothing: `newer` has replaced all of it.
///
/// Of a push that adds, those are the families that `newer` does not hold. One that replaces the group still has to
/// remove what was there before, and takes up the families of `newer` so as not to remove those.
std::optional<SpoolEntry> rest_of(const SpoolEntry& older, const SpoolEntry& newer);

}  // namespace pushmetrics
