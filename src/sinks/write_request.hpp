#pragma once

#include "metrics/family.hpp"

#include <chrono>
#include <span>
#include <string>

namespace pushmetrics {

/// The samples as an uncompressed WriteRequest of remote write 1.0, a protobuf message. Each sample is a
/// series with sorted labels, without empty ones; all have the time `when`.
std::string write_request(std::span<const Family> families, std::chrono::system_clock::time_point when);

}  // namespace pushmetrics
