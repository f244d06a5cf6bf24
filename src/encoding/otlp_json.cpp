#include "encoding/otlp_batch.hpp"
#include "metrics/exposition_writer.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace pushmetrics {
namespace {

/// Writes the text at once: a tree of JSON values would take fifty times as much memory.
class Encoder {
 public:
  explicit Encoder(const OtlpBatch& batch) : batch_(batch), time_(std::to_string(batch.time)) {}

  std::string request() && {
    out_ += R"({"resourceMetrics":[{"resource":{)";
    attributes(batch_.resource);
    out_ += R"(},"scopeMetrics":[{"scope":{"name":"pushmetrics"},"metrics":)";
    list(batch_.metrics, [this](const OtlpMetric& each) { metric(each); });
    out_ += "}]}]}";
    return std::move(out_);
  }

 private:
  using Kind = OtlpMetric::Kind;

  template <typename Items, typename Write>
  void list(const Items& items, const Write& write) {
    out_ += '[';
    bool is_first = true;
    for (const auto& item : items) {
      if (!std::exchange(is_first, false)) out_ += ',';
      write(item);
    }
    out_ += ']';
  }

  /// HELP may contain any bytes.
  void string(std::string_view text) {
    out_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  /// JSON has no numbers for NaN and infinity.
  void number(double value) {
    if (std::isnan(value))
      out_ += R"("NaN")";
    else if (std::isinf(value))
      out_ += value > 0 ? R"("Infinity")" : R"("-Infinity")";
    else
      out_ += format_value(value);
  }

  /// 64-bit integers are strings, so that readers do not convert them to doubles.
  void count(std::uint64_t value) { out_.append("\"").append(std::to_string(value)) += '"'; }

  void attributes(const std::vector<Label>& labels) {
    out_ += R"("attributes":)";
    list(labels, [this](const Label& label) {
      out_ += R"({"key":)";
      string(label.name);
      out_ += R"(,"value":{"stringValue":)";
      string(label.value);
      out_ += "}}";
    });
  }

  void metric(const OtlpMetric& metric) {
    out_ += R"({"name":)";
    string(metric.name);
    if (!metric.help.empty()) {
      out_ += R"(,"description":)";
      string(metric.help);
    }
    if (!metric.unit.empty()) {
      out_ += R"(,"unit":)";
      string(metric.unit);
    }
    out_.append(",\"").append(name_of(metric.kind)).append(R"(":{"dataPoints":)");
    list(metric.points, [&](const OtlpPoint& each) { point(each, metric.kind); });
    if (metric.kind == Kind::sum || metric.kind == Kind::histogram) out_ += R"(,"aggregationTemporality":2)";
    if (metric.kind == Kind::sum) out_ += R"(,"isMonotonic":true)";
    out_ += "}}";
  }

  static std::string_view name_of(Kind kind) {
    switch (kind) {
      case Kind::sum: return "sum";
      case Kind::histogram: return "histogram";
      case Kind::summary: return "summary";
      case Kind::gauge: break;
    }
    return "gauge";
  }

  void point(const OtlpPoint& point, Kind kind) {
    out_ += '{';
    if (kind != Kind::gauge) out_.append(R"("startTimeUnixNano":")").append(time_).append("\",");
    out_.append(R"("timeUnixNano":")").append(time_).append("\",");
    if (!point.attributes.empty()) {
      attributes(point.attributes);
      out_ += ',';
    }
    switch (kind) {
      case Kind::gauge:
      case Kind::sum:
        out_ += R"("asDouble":)";
        number(point.value);
        break;
      case Kind::histogram: buckets(point); break;
      case Kind::summary: quantiles(point); break;
    }
    out_ += '}';
  }

  void count_and_sum(const OtlpPoint& point) {
    out_ += R"("count":)";
    count(point.count);
    if (!point.sum) return;
    out_ += R"(,"sum":)";
    number(*point.sum);
  }

  void buckets(const OtlpPoint& point) {
    count_and_sum(point);
    out_ += R"(,"explicitBounds":)";
    list(point.bounds, [this](double bound) { number(bound); });
    out_ += R"(,"bucketCounts":)";
    list(point.bucket_counts, [this](std::uint64_t each) { count(each); });
  }

  void quantiles(const OtlpPoint& point) {
    count_and_sum(point);
    out_ += R"(,"quantileValues":)";
    list(point.quantiles, [this](const auto& each) {
      out_ += R"({"quantile":)";
      number(each.first);
      out_ += R"(,"value":)";
      number(each.second);
      out_ += '}';
    });
  }

  const OtlpBatch& batch_;
  std::string time_;
  std::string out_;
};

}  // namespace

std::string otlp_json(const OtlpBatch& batch) { return Encoder(batch).request(); }

}  // namespace pushmetrics
