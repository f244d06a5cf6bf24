#pragma once

#include "metrics/family_table.hpp"

#include <string>

namespace pushmetrics {

/// Why a Pushgateway rejects a family because of its own families: another type, or the name of a part of one
/// of its summaries. The text completes "the metric NAME "; empty if it is accepted. (Pushgateway 1.11.2,
/// whose own families are nearly those of 1.5.1.)
std::string clash_with_gateway(const FamilyEntry& family);

}  // namespace pushmetrics
