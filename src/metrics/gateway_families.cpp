#include "metrics/gateway_families.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace pushmetrics {
namespace {

constexpr std::string_view gauges[] = {
    "go_gc_gogc_percent",
    "go_gc_gomemlimit_bytes",
    "go_goroutines",
    "go_info",
    "go_memstats_alloc_bytes",
    "go_memstats_buck_hash_sys_bytes",
    "go_memstats_gc_sys_bytes",
    "go_memstats_heap_alloc_bytes",
    "go_memstats_heap_idle_bytes",
    "go_memstats_heap_inuse_bytes",
    "go_memstats_heap_objects",
    "go_memstats_heap_released_bytes",
    "go_memstats_heap_sys_bytes",
    "go_memstats_last_gc_time_seconds",
    "go_memstats_mcache_inuse_bytes",
    "go_memstats_mcache_sys_bytes",
    "go_memstats_mspan_inuse_bytes",
    "go_memstats_mspan_sys_bytes",
    "go_memstats_next_gc_bytes",
    "go_memstats_other_sys_bytes",
    "go_memstats_stack_inuse_bytes",
    "go_memstats_stack_sys_bytes",
    "go_memstats_sys_bytes",
    "go_sched_gomaxprocs_threads",
    "go_threads",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
    "pushgateway_build_info",
};
constexpr std::string_view counters[] = {
    "go_memstats_alloc_bytes_total",       "go_memstats_frees_total",
    "go_memstats_mallocs_total",           "process_cpu_seconds_total",
    "process_network_receive_bytes_total", "process_network_transmit_bytes_total",
    "pushgateway_http_requests_total",
};
constexpr std::string_view summaries[] = {
    "go_gc_duration_seconds",
    "pushgateway_http_push_duration_seconds",
    "pushgateway_http_push_size_bytes",
};

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::optional<MetricType> own_type(std::string_view name) {
  if (!name.starts_with("go_") && !name.starts_with("process_") && !name.starts_with("pushgateway_"))
    return std::nullopt;
  if (is_among(gauges, name)) return MetricType::gauge;
  if (is_among(counters, name)) return MetricType::counter;
  if (is_among(summaries, name)) return MetricType::summary;
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
