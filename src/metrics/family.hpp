#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

enum class MetricType { untyped, counter, gauge, histogram, summary, gauge_histogram };

/// As written in `# TYPE`.
std::string_view to_string(MetricType type);
/// The type of that name, in upper or lower case as in Pushgateway; `gauge_histogram` is also accepted.
std::optional<MetricType> metric_type_from(std::string_view name);

struct Label {
  std::string name;
  std::string value;
  auto operator<=>(const Label&) const = default;
};

struct Sample {
  /// Includes the suffix if the family's type has one (`_bucket`, `_sum`, `_count`).
  std::string name;
  std::vector<Label> labels;
  double value = 0;
};

/// All samples of one metric name, with type and help.
struct Family {
  std::string name;
  MetricType type = MetricType::untyped;
  std::string help;
  std::vector<Sample> samples;
};

/// `[a-zA-Z_:][a-zA-Z0-9_:]*` (Prometheus data model).
bool is_valid_metric_name(std::string_view name);
/// `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with `__`, which is reserved.
bool is_valid_label_name(std::string_view name);

}  // namespace pushmetrics
