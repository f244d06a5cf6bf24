#pragma once

#include "metrics/family.hpp"

#include <cstddef>
#include <deque>
#include <string_view>
#include <unordered_map>

namespace pushmetrics {

/// What a body says about a family; the name is a slice of the body. A line of 0 means none.
struct FamilyEntry {
  std::string_view name;
  MetricType type = MetricType::untyped;
  std::size_t type_line = 0;
  std::size_t help_line = 0;
  std::size_t first_sample_line = 0;

  bool has_samples() const { return first_sample_line != 0; }
  bool is_histogram() const { return type == MetricType::histogram || type == MetricType::gauge_histogram; }
  /// Whether its samples are buckets or quantiles, a sum and a count.
  bool is_compound() const { return is_histogram() || type == MetricType::summary; }
};

/// The part of its family that a sample is.
enum class SamplePart { value, sum, count, bucket };

struct FamilyPart {
  FamilyEntry* family = nullptr;
  SamplePart part = SamplePart::value;
};

/// The families of a body by name.
class FamilyTable {
 public:
  /// The family that a name belongs to, by Pushgateway's rule: its own if it has been seen; else the summary
  /// or histogram whose `_sum`, `_count` or `_bucket` it is; else a new one. The result stays the same.
  FamilyPart find_or_add(std::string_view name);
  FamilyEntry* find(std::string_view name);
  /// In order of first mention.
  std::deque<FamilyEntry>& entries() { return entries_; }

 private:
  FamilyPart look_up(std::string_view name);

  std::deque<FamilyEntry> entries_;
  std::unordered_map<std::string_view, FamilyEntry*> by_name_;
  std::string_view last_name_;
  FamilyPart last_;
};

}  // namespace pushmetrics
