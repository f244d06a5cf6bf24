#pragma once

#include "metrics/family.hpp"
#include "metrics/push.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace pushmetrics {

/// The families, whose samples have the group's labels, as an ExportMetricsServiceRequest of OTLP in its JSON
/// form (PROTOCOL.md, "OTLP/HTTP with JSON"). The resource is the group: `service.name` is the job,
/// `service.instance.id` the instance, the other labels go by their own names. As what stores series mostly
/// drops a resource's other attributes, these are attributes of each point, too.
/// A counter is a cumulative monotonic sum; histograms and summaries are OTLP's own; the rest are gauges.
std::string otlp_request(std::span<const Family> families, const GroupingKey& group,
                         std::chrono::system_clock::time_point when);

/// What an ExportMetricsServiceResponse says of a request that was taken (status 200).
struct OtlpAnswer {
  long long rejected_points = 0;
  /// A warning, if nothing was rejected.
  std::string message;
};

/// All is well where there is nothing to read.
OtlpAnswer read_otlp_answer(std::string_view body);

/// The message of a google.rpc.Status, which is what an error's body is; empty: it has none.
std::string read_otlp_error(std::string_view body);

}  // namespace pushmetrics
