#include "metrics/gateway_families.hpp"

#include "metrics/go_families.hpp"
#include "support/text.hpp"

#include <optional>

namespace pushmetrics {
namespace {

std::optional<MetricType> own_type(std::string_view name) {
  if (!name.starts_with("pushgateway_")) return go_family_type(name);
  if (name == "pushgateway_build_info") return MetricType::gauge;
  if (name == "pushgateway_http_requests_total") return MetricType::counter;
  if (name == "pushgateway_http_push_duration_seconds" || name == "pushgateway_http_push_size_bytes")
    return MetricType::summary;
  return std::nullopt;
}

}  // namespace

std::string clash_with_gateway(const FamilyEntry& family) {
  const std::optional<MetricType> type = own_type(family.name);
  if (type && *type != family.type)
    return concat({"is ", to_string(family.type), " here, but a Pushgateway has a ", to_string(*type),
                   " of that name of its own, and refuses it: rename it, or give it that type"});
  // For these, HELP has to be the same, too.
  if (type && family.name.starts_with("pushgateway_http_"))
    return "is one of a Pushgateway's own, and it refuses another: rename it";
  for (const std::string_view suffix : {"_sum", "_count"})
    if (family.name.ends_with(suffix) &&
        own_type(family.name.substr(0, family.name.size() - suffix.size())) == MetricType::summary)
      return "is a part of one of a Pushgateway's own summaries, and it refuses another: rename it";
  return {};
}

}  // namespace pushmetrics
