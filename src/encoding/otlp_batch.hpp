#pragma once

#include "metrics/family.hpp"
#include "metrics/push.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pushmetrics {

/// One data point of OTLP. A histogram has bounds and one count more than these, a summary has quantiles.
struct OtlpPoint {
  std::vector<Label> attributes;
  double value = 0;
  std::uint64_t count = 0;
  std::optional<double> sum;
  std::vector<double> bounds;
  std::vector<std::uint64_t> bucket_counts;
  std::vector<std::pair<double, double>> quantiles;
};

struct OtlpMetric {
  enum class Kind { gauge, sum, histogram, summary };

  std::string_view name;
  std::string_view help;
  /// Only if the name contains it: Prometheus appends a missing unit to the name.
  std::string_view unit;
  Kind kind = Kind::gauge;
  std::vector<OtlpPoint> points;
};

/// What an ExportMetricsServiceRequest says, however it is encoded. The resource is the group: `service.name` is the
/// job, `service.instance.id` the instance, other labels keep their names. They are also attributes of each point,
/// since most servers drop other attributes of a resource. Counters become cumulative monotonic sums, histograms and
/// summaries their OTLP equivalents, all others gauges.
struct OtlpBatch {
  std::vector<Label> resource;
  /// When the samples were taken, in nanoseconds since 1970. It is the start time of what is cumulative, too: when it
  /// began is not known, and OTLP's form for that is a point without duration (data model, "Resets and gaps").
  std::uint64_t time = 0;
  std::vector<OtlpMetric> metrics;
};

/// `families`, whose samples have the group's labels, must outlive the result.
OtlpBatch otlp_batch(std::span<const Family> families, const GroupingKey& group,
                     std::chrono::system_clock::time_point when);

std::string otlp_protobuf(const OtlpBatch& batch);
/// (PROTOCOL.md, "OTLP/HTTP")
std::string otlp_json(const OtlpBatch& batch);

}  // namespace pushmetrics
