#include "sinks/otlp_request.hpp"

#include "formats/json_document.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace pushmetrics {
namespace {

using Json = nlohmann::ordered_json;

constexpr int cumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE

/// JSON cannot represent NaN and infinity.
Json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

/// Rounds to a whole number within 64 bits. Without std::round, for which libm would be loaded.
std::uint64_t whole(double value) {
  constexpr double limit = 18446744073709551616.0;  // 2^64
  if (!(value > 0)) return 0;
  if (value >= limit) return std::numeric_limits<std::uint64_t>::max();
  const auto below = static_cast<std::uint64_t>(value);
  return value - static_cast<double>(below) < 0.5 ? below : below + 1;
}

/// 64-bit integers are strings, so that readers do not convert them to doubles.
Json count(std::uint64_t value) { return std::to_string(value); }

Json attribute(std::string_view name, const std::string& value) {
  return {{"key", name}, {"value", {{"stringValue", value}}}};
}

/// What all points of a request share.
struct Common {
  std::string time;  // in nanoseconds since the epoch
  bool instance_is_of_resource;

  bool is_of_resource(const Label& label) const {
    return label.name == "job" || (label.name == "instance" && instance_is_of_resource);
  }
};

/// A point, with the attributes that are not only on its resource.
Json point_of(const Common& common, const std::vector<Label>& labels) {
  Json attributes = Json::array();
  for (const Label& label : labels)
    if (!common.is_of_resource(label)) attributes.push_back(attribute(label.name, label.value));
  Json point = {{"timeUnixNano", common.time}};
  if (!attributes.empty()) point["attributes"] = std::move(attributes);
  return point;
}

Json resource(const GroupingKey& group) {
  Json result = Json::array({attribute("service.name", group.job())});
  for (const Label& label : group.labels())
    result.push_back(attribute(label.name == "instance" ? "service.instance.id" : label.name, label.value));
  return {{"attributes", result}};
}

/// Only if the name contains it: Prometheus appends a missing unit to the name.
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
void add_buckets(Json& point, const Distribution& distribution) {
  Json bounds = Json::array(), counts = Json::array();
  std::uint64_t below = 0, total = whole(distribution.count);
  for (const auto& [bound, up_to_here] : distribution.parts) {
    const std::uint64_t reached = std::max(whole(up_to_here), below);
    total = std::max(total, reached);
    if (std::isinf(bound) && bound > 0) continue;
    bounds.push_back(number(bound));
    counts.push_back(count(reached - below));
    below = reached;
  }
  counts.push_back(count(total - below));
  point["count"] = count(total);
  point["explicitBounds"] = std::move(bounds);
  point["bucketCounts"] = std::move(counts);
}

void add_quantiles(Json& point, const Distribution& distribution) {
  point["count"] = count(whole(distribution.count));
  Json values = Json::array();
  for (const auto& [quantile, value] : distribution.parts)
    values.push_back({{"quantile", number(quantile)}, {"value", number(value)}});
  point["quantileValues"] = std::move(values);
}

Json distribution_points(const Family& family, const Common& common) {
  Json points = Json::array();
  for (const auto& [labels, distribution] : distributions(family)) {
    Json point = point_of(common, labels);
    if (distribution.sum) point["sum"] = number(*distribution.sum);
    if (family.type == MetricType::histogram)
      add_buckets(point, distribution);
    else
      add_quantiles(point, distribution);
    points.push_back(std::move(point));
  }
  return points;
}

Json number_points(const Family& family, const Common& common) {
  Json points = Json::array();
  for (const Sample& sample : family.samples) {
    Json point = point_of(common, sample.labels);
    point["asDouble"] = number(sample.value);
    points.push_back(std::move(point));
  }
  return points;
}

Json metric(const Family& family, const Common& common) {
  Json result = {{"name", family.name}};
  if (!family.help.empty()) result["description"] = family.help;
  if (const auto unit = unit_of(family.name); !unit.empty()) result["unit"] = unit;
  switch (family.type) {
    case MetricType::counter:
      result["sum"] = {{"dataPoints", number_points(family, common)},
                       {"aggregationTemporality", cumulative},
                       {"isMonotonic", true}};
      break;
    case MetricType::histogram:
      result["histogram"] = {{"dataPoints", distribution_points(family, common)},
                             {"aggregationTemporality", cumulative}};
      break;
    case MetricType::summary:
      result["summary"] = {{"dataPoints", distribution_points(family, common)}};
      break;
    case MetricType::gauge:
    case MetricType::untyped:
    case MetricType::gauge_histogram:
      result["gauge"] = {{"dataPoints", number_points(family, common)}};
      break;
  }
  return result;
}

}  // namespace

std::string otlp_request(std::span<const Family> families, const GroupingKey& group,
                         std::chrono::system_clock::time_point when) {
  const std::chrono::nanoseconds since_epoch = when.time_since_epoch();
  const bool has_instance =
      std::ranges::find(group.labels(), "instance", &Label::name) != group.labels().end();
  const Common common{std::to_string(since_epoch.count()), has_instance};
  Json metrics = Json::array();
  for (const Family& family : families) metrics.push_back(metric(family, common));
  const Json scope = {{"scope", {{"name", "pushmetrics"}}}, {"metrics", std::move(metrics)}};
  const Json of_resource = {{"resource", resource(group)}, {"scopeMetrics", Json::array({scope})}};
  // HELP may contain any bytes.
  return Json{{"resourceMetrics", Json::array({of_resource})}}.dump(-1, ' ', false,
                                                                    Json::error_handler_t::replace);
}

OtlpAnswer read_otlp_answer(std::string_view body) {
  const Json document = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto partial = document.is_object() ? document.find("partialSuccess") : document.end();
  if (partial == document.end() || !partial->is_object()) return {};
  OtlpAnswer answer;
  if (const auto rejected = partial->find("rejectedDataPoints"); rejected != partial->end()) {
    if (rejected->is_number_integer()) answer.rejected_points = rejected->get<long long>();
    if (rejected->is_string()) {
      const auto& digits = rejected->get_ref<const std::string&>();
      std::from_chars(digits.data(), digits.data() + digits.size(), answer.rejected_points);
    }
    answer.rejected_points = std::max(answer.rejected_points, 0LL);
  }
  if (const auto message = partial->find("errorMessage"); message != partial->end() && message->is_string())
    answer.message = printable(message->get_ref<const std::string&>());
  return answer;
}

std::string read_otlp_error(std::string_view body) {
  const Json document = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return {};
  const auto message = document.find("message");
  if (message == document.end() || !message->is_string()) return {};
  return printable(message->get_ref<const std::string&>());
}

}  // namespace pushmetrics
