#include "metrics/family.hpp"

#include <algorithm>

namespace pushmetrics {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::untyped: return "untyped";
    case MetricType::counter: return "counter";
    case MetricType::gauge: return "gauge";
    case MetricType::histogram: return "histogram";
    case MetricType::summary: return "summary";
    case MetricType::gauge_histogram: return "gaugehistogram";
  }
  return "untyped";
}

std::optional<MetricType> metric_type_from(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (lower == "gauge_histogram") return MetricType::gauge_histogram;
  for (const MetricType type : {MetricType::untyped, MetricType::counter, MetricType::gauge,
                                MetricType::histogram, MetricType::summary, MetricType::gauge_histogram})
    if (lower == to_string(type)) return type;
  return std::nullopt;
}

bool is_valid_metric_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
}

bool is_valid_label_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) && !name.starts_with("__") &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace pushmetrics
