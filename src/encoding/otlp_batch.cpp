#include "encoding/otlp_batch.hpp"

#include "formats/json_document.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>

namespace pushmetrics {
namespace {

/// Rounds to a whole number within 64 bits. Without std::round, for which libm would be loaded.
std::uint64_t whole(double value) {
  constexpr double limit = 18446744073709551616.0;  // 2^64
  if (!(value > 0)) return 0;
  if (value >= limit) return std::numeric_limits<std::uint64_t>::max();
  const auto below = static_cast<std::uint64_t>(value);
  return value - static_cast<double>(below) < 0.5 ? below : below + 1;
}

std::string_view unit_of(std::string_view name) {
  constexpr std::string_view total = "_total";
  if (name.ends_with(total)) name.remove_suffix(total.size());
  if (name.ends_with("_seconds")) return "s";
  if (name.ends_with("_bytes")) return "By";
  return "";
}

/// Extracts, as a number, the label that says which part of a histogram or summary a sample is.
double take_bound(std::vector<Label>& labels, std::string_view name) {
  const auto label = std::ranges::find(labels, name, &Label::name);
  if (label == labels.end()) return NAN;
  const std::string text = label->value;
  labels.erase(label);
  if (const auto special = json::special_number(text)) return *special;
  double bound = NAN;
  std::from_chars(text.data() + (text.starts_with('+') ? 1 : 0), text.data() + text.size(), bound);
  return bound;
}

/// One histogram or summary, assembled from its samples.
struct Distribution {
  std::optional<double> sum;
  double count = 0;
  /// By upper bound and cumulative, or by quantile.
  std::map<double, double> parts;
};

std::map<std::vector<Label>, Distribution> distributions(const Family& family) {
  const std::string_view part = family.type == MetricType::histogram ? "le" : "quantile";
  std::map<std::vector<Label>, Distribution> result;
  for (const Sample& sample : family.samples) {
    std::vector<Label> labels = sample.labels;
    const double bound = take_bound(labels, part);
    Distribution& distribution = result[std::move(labels)];
    const std::string_view suffix = std::string_view(sample.name).substr(family.name.size());
    if (suffix == "_sum")
      distribution.sum = sample.value;
    else if (suffix == "_count")
      distribution.count = sample.value;
    else if (!std::isnan(bound))
      distribution.parts[bound] = sample.value;
  }
  return result;
}

/// OTLP counts each bucket separately, including the last one beyond all bounds, and the sum has to be the
/// count. If the samples contradict each other or `_count` is missing, values are made monotonic as in
/// Prometheus' histogram_quantile(): no bucket is less than the previous one, and the count is not less than
/// any bucket.
void add_buckets(OtlpPoint& point, const Distribution& distribution) {
  std::uint64_t below = 0, total = whole(distribution.count);
  for (const auto& [bound, up_to_here] : distribution.parts) {
    const std::uint64_t reached = std::max(whole(up_to_here), below);
    total = std::max(total, reached);
    if (std::isinf(bound) && bound > 0) continue;
    point.bounds.push_back(bound);
    point.bucket_counts.push_back(reached - below);
    below = reached;
  }
  point.bucket_counts.push_back(total - below);
  point.count = total;
}

/// Makes the points of one request.
class Points {
 public:
  explicit Points(const GroupingKey& group) : has_instance_(group.value("instance").has_value()) {}

  std::vector<OtlpPoint> of(const Family& family, OtlpMetric::Kind kind) const {
    const bool is_distribution = kind == OtlpMetric::Kind::histogram || kind == OtlpMetric::Kind::summary;
    return is_distribution ? of_distributions(family) : of_numbers(family);
  }

 private:
  std::vector<OtlpPoint> of_numbers(const Family& family) const {
    std::vector<OtlpPoint> points;
    points.reserve(family.samples.size());
    for (const Sample& sample : family.samples)
      points.emplace_back(point(sample.labels)).value = sample.value;
    return points;
  }

  std::vector<OtlpPoint> of_distributions(const Family& family) const {
    std::vector<OtlpPoint> points;
    for (const auto& [labels, distribution] : distributions(family)) {
      OtlpPoint& added = points.emplace_back(point(labels));
      added.sum = distribution.sum;
      if (family.type == MetricType::histogram) {
        add_buckets(added, distribution);
      } else {
        added.count = whole(distribution.count);
        added.quantiles.assign(distribution.parts.begin(), distribution.parts.end());
      }
    }
    return points;
  }

  /// With the attributes that are not only on the resource.
  OtlpPoint point(const std::vector<Label>& labels) const {
    OtlpPoint result;
    result.attributes.reserve(labels.size());
    std::ranges::copy_if(labels, std::back_inserter(result.attributes), [this](const Label& label) {
      return label.name != "job" && (label.name != "instance" || !has_instance_);
    });
    return result;
  }

  bool has_instance_;
};

OtlpMetric::Kind kind_of(MetricType type) {
  switch (type) {
    case MetricType::counter: return OtlpMetric::Kind::sum;
    case MetricType::histogram: return OtlpMetric::Kind::histogram;
    case MetricType::summary: return OtlpMetric::Kind::summary;
    case MetricType::gauge:
    case MetricType::untyped:
    case MetricType::gauge_histogram: break;
  }
  return OtlpMetric::Kind::gauge;
}

}  // namespace

OtlpBatch otlp_batch(std::span<const Family> families, const GroupingKey& group,
                     std::chrono::system_clock::time_point when) {
  OtlpBatch batch;
  const std::chrono::nanoseconds since_epoch = when.time_since_epoch();
  batch.time = static_cast<std::uint64_t>(since_epoch.count());
  batch.resource.push_back({"service.name", group.job()});
  for (const Label& label : group.labels())
    batch.resource.push_back({label.name == "instance" ? "service.instance.id" : label.name, label.value});
  const Points points(group);
  for (const Family& family : families) {
    const OtlpMetric::Kind kind = kind_of(family.type);
    batch.metrics.push_back({family.name, family.help, unit_of(family.name), kind, points.of(family, kind)});
  }
  return batch;
}

}  // namespace pushmetrics
