#pragma once

#include "cli/option_table.hpp"
#include "metrics/family.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// Stores `NAME[{label="value",...}]=VALUE`, each, as gauges. A series given twice is an error.
Store into_metrics(std::vector<Family>& place);

}  // namespace pushmetrics
