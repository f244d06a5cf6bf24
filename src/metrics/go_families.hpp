#pragma once

#include "metrics/family.hpp"

#include <optional>
#include <string_view>

namespace pushmetrics {

/// The type of a family that every program written in Go has of itself, by client_golang: its runtime and its process.
/// None: it is not one of these. (As in Pushgateway 1.5.1 and 1.11.2.)
std::optional<MetricType> go_family_type(std::string_view name);

}  // namespace pushmetrics
