#pragma once

#include <string>

namespace pushmetrics {

/// Becomes man(1) with this page if a person reads at a terminal, and this machine has both. Otherwise returns.
void show_manual_page(const std::string& name);

}  // namespace pushmetrics
