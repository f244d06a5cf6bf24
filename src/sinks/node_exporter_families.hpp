#pragma once

#include <string_view>

namespace pushmetrics {

/// Whether node_exporter has a family of this name itself. It drops one of two that differ in type or HELP,
/// perhaps its own.
bool is_node_exporter_name(std::string_view name);

}  // namespace pushmetrics
