#include "encoding/otlp_batch.hpp"
#include "encoding/protobuf.hpp"

// opentelemetry-proto 1.x: metrics/v1/metrics.proto, common/v1/common.proto, resource/v1/resource.proto,
// collector/metrics/v1/metrics_service.proto. The numbers of the fields stand beside their names below.
namespace pushmetrics {
namespace {

constexpr unsigned cumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE

class ProtobufEncoder {
 public:
  ProtobufEncoder(const OtlpBatch& batch, std::string& out) : batch_(batch), write_(out) {}

  void request() {
    write_.message_field(1 /* resource_metrics */, [&] {
      write_.message_field(1 /* resource */, [&] { attributes(1, batch_.resource); });
      write_.message_field(2 /* scope_metrics */, [&] {
        write_.message_field(1 /* scope */, [&] { write_.bytes_field(1 /* name */, "pushmetrics"); });
        for (const OtlpMetric& metric : batch_.metrics)
          write_.message_field(2, [&] { this->metric(metric); });
      });
    });
  }

 private:
  using Kind = OtlpMetric::Kind;

  void metric(const OtlpMetric& metric) {
    write_.bytes_field(1 /* name */, metric.name);
    if (!metric.help.empty()) write_.text_field(2 /* description */, metric.help);
    if (!metric.unit.empty()) write_.bytes_field(3 /* unit */, metric.unit);
    const auto points = [&](auto point) {
      for (const OtlpPoint& each : metric.points)
        write_.message_field(1 /* data_points */, [&] { (this->*point)(each, metric.kind); });
    };
    switch (metric.kind) {
      case Kind::gauge: return write_.message_field(5, [&] { points(&ProtobufEncoder::number); });
      case Kind::sum:
        return write_.message_field(7, [&] {
          points(&ProtobufEncoder::number);
          write_.varint_field(2 /* aggregation_temporality */, cumulative);
          write_.varint_field(3 /* is_monotonic */, 1);
        });
      case Kind::histogram:
        return write_.message_field(9, [&] {
          points(&ProtobufEncoder::histogram);
          write_.varint_field(2 /* aggregation_temporality */, cumulative);
        });
      case Kind::summary: return write_.message_field(11, [&] { points(&ProtobufEncoder::summary); });
    }
  }

  void number(const OtlpPoint& point, Kind kind) {
    times(kind);
    write_.double_field(4 /* as_double */, point.value);
    attributes(7, point.attributes);
  }

  void histogram(const OtlpPoint& point, Kind kind) {
    times(kind);
    write_.fixed64_field(4 /* count */, point.count);
    if (point.sum) write_.double_field(5 /* sum */, *point.sum);
    write_.message_field(6 /* bucket_counts */, [&] {
      for (const std::uint64_t count : point.bucket_counts) write_.fixed64(count);
    });
    write_.message_field(7 /* explicit_bounds */, [&] {
      for (const double bound : point.bounds) write_.fixed64(bound);
    });
    attributes(9, point.attributes);
  }

  void summary(const OtlpPoint& point, Kind kind) {
    times(kind);
    write_.fixed64_field(4 /* count */, point.count);
    if (point.sum) write_.double_field(5 /* sum */, *point.sum);
    for (const auto& [quantile, value] : point.quantiles) {
      const double of = quantile, is = value;
      write_.message_field(6 /* quantile_values */, [&] {
        write_.double_field(1 /* quantile */, of);
        write_.double_field(2 /* value */, is);
      });
    }
    attributes(7, point.attributes);
  }

  void times(Kind kind) {
    if (kind != Kind::gauge) write_.fixed64_field(2 /* start_time_unix_nano */, batch_.time);
    write_.fixed64_field(3 /* time_unix_nano */, batch_.time);
  }

  void attributes(unsigned field, const std::vector<Label>& labels) {
    for (const Label& label : labels)
      write_.message_field(field, [&] {
        write_.bytes_field(1 /* key */, label.name);
        write_.message_field(2 /* value */, [&] { write_.bytes_field(1 /* string_value */, label.value); });
      });
  }

  const OtlpBatch& batch_;
  ProtobufWriter write_;
};

}  // namespace

std::string otlp_protobuf(const OtlpBatch& batch) {
  std::string out;
  ProtobufEncoder(batch, out).request();
  return out;
}

}  // namespace pushmetrics
