#include "metrics/catalogue.hpp"

#include <algorithm>

namespace pushmetrics {

bool is_reserved_name(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) &&
         std::ranges::find(run_metrics, name.substr(prefix.size()), &RunMetric::name) != run_metrics.end();
}

}  // namespace pushmetrics
