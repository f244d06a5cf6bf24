#pragma once

#include "metrics/family.hpp"

#include <chrono>
#include <span>
#include <string>

namespace pushmetrics {

/// The samples as a WriteRequest of Prometheus' remote write 1.0, a protobuf message, not yet compressed:
/// each is a series of its own with its labels sorted, empty ones left out, and all have the time `when`.
std::string write_request(std::span<const Family> families, std::chrono::system_clock::time_point when);

}  // namespace pushmetrics
