#include "sinks/write_request.hpp"

#include "sinks/series_labels.hpp"

#include <bit>
#include <cstdint>
#include <string_view>

// The message is small enough to be written by hand (prometheus/prompb: remote.proto, types.proto):
//
//   WriteRequest { repeated TimeSeries timeseries = 1; }
//   TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
//   Label        { string name = 1; string value = 2; }
//   Sample       { double value = 1; int64 timestamp = 2; }
namespace pushmetrics {
namespace {

enum class WireType : unsigned { varint = 0, fixed64 = 1, length_delimited = 2 };

void append_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) out += static_cast<char>(number | 0x80U);
  out += static_cast<char>(number);
}

void append_tag(std::string& out, unsigned field, WireType type) {
  append_varint(out, field << 3U | static_cast<unsigned>(type));
}

void append_bytes(std::string& out, unsigned field, std::string_view bytes) {
  append_tag(out, field, WireType::length_delimited);
  append_varint(out, bytes.size());
  out += bytes;
}

void append_double(std::string& out, unsigned field, double value) {
  append_tag(out, field, WireType::fixed64);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(bits >> shift);
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  std::string label;
  append_bytes(label, 1, name);
  append_bytes(label, 2, value);
  append_bytes(out, 1, label);
}

std::string time_series(const Sample& sample, std::int64_t milliseconds) {
  std::string series;
  for (const Label& label : series_labels(sample)) append_label(series, label.name, label.value);
  std::string point;
  append_double(point, 1, sample.value);
  append_tag(point, 2, WireType::varint);
  append_varint(point, static_cast<std::uint64_t>(milliseconds));
  append_bytes(series, 2, point);
  return series;
}

}  // namespace

std::string write_request(std::span<const Family> families, std::chrono::system_clock::time_point when) {
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch());
  std::string request;
  for (const Family& family : families)
    for (const Sample& sample : family.samples) append_bytes(request, 1, time_series(sample, time.count()));
  return request;
}

}  // namespace pushmetrics
