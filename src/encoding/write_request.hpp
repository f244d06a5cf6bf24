#pragma once

#include "metrics/family.hpp"

#include <chrono>
#include <span>
#include <string>

namespace pushmetrics {

/// The samples and their families' HELP and TYPE as an uncompressed message of remote write. Each sample is a series with
/// sorted labels, without empty ones, and with bounds as Prometheus scrapes them; all have the time `when`.
///
/// Of remote write 1.0: prometheus.WriteRequest.
std::string write_request(std::span<const Family> families, std::chrono::system_clock::time_point when);
/// Of 2.0: io.prometheus.write.v2.Request.
std::string write_request_2(std::span<const Family> families, std::chrono::system_clock::time_point when);

}  // namespace pushmetrics
