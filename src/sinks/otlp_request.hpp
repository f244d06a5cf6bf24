#pragma once

#include "metrics/family.hpp"
#include "metrics/push.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace pushmetrics {

/// The families, whose samples have the group's labels, as an ExportMetricsServiceRequest of OTLP in JSON
/// (PROTOCOL.md, "OTLP/HTTP with JSON"). The resource is the group: `service.name` is the job,
/// `service.instance.id` the instance, other labels keep their names. They are also attributes of each point,
/// since most servers drop other attributes of a resource. Counters become cumulative monotonic sums,
/// histograms and summaries their OTLP equivalents, all others gauges.
std::string otlp_request(std::span<const Family> families, const GroupingKey& group,
                         std::chrono::system_clock::time_point when);

/// What an ExportMetricsServiceResponse reports about an accepted request (status 200).
struct OtlpAnswer {
  long long rejected_points = 0;
  /// A warning if nothing was rejected.
  std::string message;
};

/// An empty response means success.
OtlpAnswer read_otlp_answer(std::string_view body);

/// The message of a google.rpc.Status, the body of an error; empty if it has none.
std::string read_otlp_error(std::string_view body);

}  // namespace pushmetrics
