#include "metrics/catalogue.hpp"

#include <algorithm>

namespace pushmetrics {

bool is_reserved_name(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return std::ranges::any_of(run_metrics, [name](const RunMetric& metric) {
    if (!name.starts_with(metric.name)) return false;
    const std::string_view rest = name.substr(metric.name.size());
    const bool is_part = rest == "_bucket" || rest == "_sum" || rest == "_count";
    return rest.empty() || (metric.type == MetricType::histogram && is_part);
  });
}

}  // namespace pushmetrics
