#include "encoding/write_request.hpp"

#include "encoding/protobuf.hpp"
#include "encoding/series_labels.hpp"

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

// The messages are small enough to be written by hand (prometheus/prompb: remote.proto, types.proto,
// io/prometheus/write/v2/types.proto):
//
//   WriteRequest   { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
//   TimeSeries     { repeated Label labels = 1; repeated Sample samples = 2; }
//   Label          { string name = 1; string value = 2; }
//   Sample         { double value = 1; int64 timestamp = 2; }
//   MetricMetadata { MetricType type = 1; string metric_family_name = 2; string help = 4; }
//
//   Request        { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
//   TimeSeries     { repeated uint32 labels_refs = 1; repeated Sample samples = 2; Metadata metadata = 5; }
//   Metadata       { MetricType type = 1; uint32 help_ref = 3; }
namespace pushmetrics {
namespace {

std::int64_t to_milliseconds(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
}

/// The same in both versions; unknown is 0.
std::uint64_t metric_type(MetricType type) {
  switch (type) {
    case MetricType::untyped: return 0;
    case MetricType::counter: return 1;
    case MetricType::gauge: return 2;
    case MetricType::histogram: return 3;
    case MetricType::gauge_histogram: return 4;
    case MetricType::summary: return 5;
  }
  return 0;
}

std::vector<Label> labels_of(const Sample& sample, MetricType type) {
  std::vector<Label> labels = series_labels(sample);
  use_scraped_bounds(type, labels);
  return labels;
}

void write_sample(ProtobufWriter& write, double value, std::int64_t milliseconds) {
  write.message_field(2, [&] {
    write.double_field(1, value);
    write.varint_field(2, static_cast<std::uint64_t>(milliseconds));
  });
}

/// What is written once and referred to by its number.
class Symbols {
 public:
  Symbols() { number_of({}); }  // as specified

  std::uint64_t number_of(const std::string& text) {
    const auto [known, is_new] = numbers_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(&known->first);
    return known->second;
  }
  const std::vector<const std::string*>& texts() const { return texts_; }

 private:
  std::unordered_map<std::string, std::uint64_t> numbers_;
  std::vector<const std::string*> texts_;
};

}  // namespace

std::string write_request(std::span<const Family> families, std::chrono::system_clock::time_point when) {
  const std::int64_t time = to_milliseconds(when);
  std::string request;
  ProtobufWriter write(request);
  for (const Family& family : families) {
    for (const Sample& sample : family.samples) {
      write.message_field(1, [&] {
        for (const Label& label : labels_of(sample, family.type))
          write.message_field(1, [&] {
            write.bytes_field(1, label.name);
            write.bytes_field(2, label.value);
          });
        write_sample(write, sample.value, time);
      });
    }
  }
  for (const Family& family : families) {
    write.message_field(3, [&] {
      if (family.type != MetricType::untyped) write.varint_field(1, metric_type(family.type));
      write.bytes_field(2, family.name);
      if (!family.help.empty()) write.text_field(4, family.help);
    });
  }
  return request;
}

std::string write_request_2(std::span<const Family> families, std::chrono::system_clock::time_point when) {
  const std::int64_t time = to_milliseconds(when);
  Symbols symbols;
  std::string series;
  ProtobufWriter write(series);
  for (const Family& family : families) {
    const std::uint64_t help = symbols.number_of(family.help);
    for (const Sample& sample : family.samples) {
      write.message_field(5, [&] {
        write.message_field(1, [&] {
          for (const Label& label : labels_of(sample, family.type)) {
            write.varint(symbols.number_of(label.name));
            write.varint(symbols.number_of(label.value));
          }
        });
        write_sample(write, sample.value, time);
        write.message_field(5, [&] {
          if (family.type != MetricType::untyped) write.varint_field(1, metric_type(family.type));
          if (help != 0) write.varint_field(3, help);
        });
      });
    }
  }
  std::string request;
  ProtobufWriter head(request);
  for (const std::string* symbol : symbols.texts()) head.text_field(4, *symbol);
  return request + series;
}

}  // namespace pushmetrics
