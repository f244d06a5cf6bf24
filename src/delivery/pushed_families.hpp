#pragma once

#include "delivery/push.hpp"
#include "metrics/family.hpp"
#include "support/result.hpp"

#include <vector>

namespace pushmetrics {

/// What is pushed, as the model, for sinks that have no use for the text: samples with the group's labels
/// over their own (GroupingKey::over). An error if two are one series where an empty label is none.
Result<std::vector<Family>> pushed_families(const Push& push);

}  // namespace pushmetrics
