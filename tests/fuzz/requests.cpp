// Any text that a gateway would take, as remote write's protobuf message and as OTLP's JSON: every sample is
// in them, and they are well-formed.
#include "encoding/otlp_batch.hpp"
#include "encoding/pushed_families.hpp"
#include "encoding/write_request.hpp"
#include "formats/exposition_parser.hpp"
#include "fuzz.hpp"
#include "pushgateway/push_conflict.hpp"
#include "sinks/textfile_contents.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace pushmetrics;

namespace {

std::uint64_t take_varint(std::string_view& message) {
  std::uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    fuzz::require(!message.empty() && shift < 64, "a number ends");
    const auto byte = static_cast<unsigned char>(message.front());
    message.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return number;
  }
}

/// The content of the field `tag`, which is what comes next.
std::string_view take_field(std::string_view& message, std::uint64_t tag) {
  fuzz::require(take_varint(message) == tag, "fields are in their order");
  const std::uint64_t size = take_varint(message);
  fuzz::require(size <= message.size(), "a length is within its message");
  const std::string_view content = message.substr(0, size);
  message.remove_prefix(size);
  return content;
}

/// The number of samples in a WriteRequest.
std::size_t read_write_request(std::string_view request) {
  constexpr std::uint64_t first = 1U << 3U | 2U, second = 2U << 3U | 2U;
  std::size_t count = 0;
  for (; request.starts_with(static_cast<char>(first)); ++count) {
    std::string_view series = take_field(request, first);
    std::string_view last_name;
    while (series.starts_with(static_cast<char>(first))) {
      std::string_view label = take_field(series, first);
      const std::string_view name = take_field(label, first);
      fuzz::require(!take_field(label, second).empty() && label.empty(), "a label has a value");
      fuzz::require(last_name < name, "labels are sorted and each is there once");
      last_name = name;
    }
    fuzz::require(take_field(series, second).size() >= 10 && series.empty(), "a series has one sample");
  }
  while (!request.empty()) take_field(request, 3U << 3U | 2U);  // the families' metadata
  return count;
}

/// The number of samples of which an OTLP request was made.
std::size_t read_otlp_points(const nlohmann::json& metric) {
  for (const char* const kind : {"gauge", "sum"})
    if (metric.contains(kind)) return metric[kind]["dataPoints"].size();
  std::size_t count = 0;
  const bool is_histogram = metric.contains("histogram");
  for (const auto& point : metric[is_histogram ? "histogram" : "summary"]["dataPoints"]) {
    ++count;
    if (!is_histogram) continue;
    fuzz::require(point["bucketCounts"].size() == point["explicitBounds"].size() + 1,
                  "there is a last bucket");
    for (std::size_t i = 1; i < point["explicitBounds"].size(); ++i)
      fuzz::require(point["explicitBounds"][i - 1] < point["explicitBounds"][i], "bounds ascend");
    std::uint64_t left = std::stoull(point["count"].get<std::string>());
    for (const auto& bucket : point["bucketCounts"]) {
      const std::uint64_t in_bucket = std::stoull(bucket.get<std::string>());
      fuzz::require(in_bucket <= left, "no bucket has more than there is");
      left -= in_bucket;
    }
    fuzz::require(left == 0, "the buckets make the count");
  }
  return count;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Push push{
      *GroupingKey::make("j", {{"instance", "i"}}), PushMode::add, std::string(fuzz::text(data, size)), {}};
  if (!check_exposition(push.body, {.strictness = Strictness::strict, .group = &push.group}).canonical)
    return 0;
  const auto families = pushed_families(push);
  if (!families) {
    const std::string& why = families.error();
    fuzz::require(why.find(" are one series to Prometheus") != std::string::npos ||
                      why.find(" twice: keep one") != std::string::npos,
                  "what is canonical can be pushed, but for series that a gateway alone keeps apart");
    return 0;
  }
  std::size_t samples = 0;
  for (const Family& family : *families) samples += family.samples.size();
  fuzz::require(read_write_request(write_request(*families, push.when)) == samples,
                "every sample is written");

  const auto request = nlohmann::json::parse(otlp_json(otlp_batch(*families, push.group, push.when)));
  const auto& metrics = request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
  fuzz::require(metrics.size() == families->size(), "every family is a metric");
  for (std::size_t i = 0; i < families->size(); ++i) {
    const bool has_parts = metrics[i].contains("histogram") || metrics[i].contains("summary");
    const std::size_t points = read_otlp_points(metrics[i]);
    fuzz::require(has_parts ? points > 0 : points == (*families)[i].samples.size(),
                  "every sample is a point");
  }
  const GroupSnapshot same = held_group({GroupLabels(push.group), push.when, *families}, "job_");
  fuzz::require(PushConflicts(push).explain({same}, "http://gw").empty(), "a push is not in its own way");
  return 0;
}
