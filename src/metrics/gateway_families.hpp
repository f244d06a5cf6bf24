#pragma once

#include "metrics/family_table.hpp"

#include <string>

namespace pushmetrics {

/// Why a Pushgateway refuses a family beside those that it has of its own: another type, or the name of a
/// part of its summaries. In words that complete "the metric NAME "; empty: it does not. (Pushgateway 1.11.2,
/// whose own families are those of 1.5.1 but for a few.)
std::string clash_with_gateway(const FamilyEntry& family);

}  // namespace pushmetrics
