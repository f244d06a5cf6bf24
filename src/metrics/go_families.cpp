#include "metrics/go_families.hpp"

#include <algorithm>
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
};
constexpr std::string_view counters[] = {
    "go_memstats_alloc_bytes_total",       "go_memstats_frees_total",
    "go_memstats_mallocs_total",           "process_cpu_seconds_total",
    "process_network_receive_bytes_total", "process_network_transmit_bytes_total",
};

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::optional<MetricType> go_family_type(std::string_view name) {
  if (!name.starts_with("go_") && !name.starts_with("process_")) return std::nullopt;
  if (name == "go_gc_duration_seconds") return MetricType::summary;
  if (is_among(gauges, name)) return MetricType::gauge;
  if (is_among(counters, name)) return MetricType::counter;
  return std::nullopt;
}

}  // namespace pushmetrics
