#pragma once

#include "metrics/family.hpp"
#include "metrics/push.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The families of a push for sinks that do not send its text: samples with the group's labels replacing
/// their own (GroupingKey::apply_to). A failure if two samples are one series when empty labels are dropped.
Result<std::vector<Family>> pushed_families(const Push& push);

/// Why a family is refused whose type only a Pushgateway and remote write support; empty if there is none. node_exporter
/// would drop the whole file, and OTLP would get several points instead of one.
std::string gauge_histogram_problem(const std::vector<Family>& families);
/// The same for the name of such a family; empty: there is none.
std::string gauge_histogram_problem(std::string_view name);

}  // namespace pushmetrics
