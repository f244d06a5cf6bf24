#pragma once

#include "metrics/family.hpp"
#include "metrics/push.hpp"
#include "support/result.hpp"

#include <vector>

namespace pushmetrics {

/// What is pushed, as the model, for sinks that have no use for the text: samples with the group's labels
/// over their own (GroupingKey::apply_to). An error if two are one series where an empty label is none.
Result<std::vector<Family>> pushed_families(const Push& push);

/// Which family has a type that only a Pushgateway and remote write can take; empty: none. node_exporter loses the
/// whole file by it, and OTLP would have several points where there is one.
std::string gauge_histogram_problem(const std::vector<Family>& families);

}  // namespace pushmetrics
