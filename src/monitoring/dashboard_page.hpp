#pragma once

#include "monitoring/dashboard.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// The files of monitoring/page in one; monitoring/page/page.cmake writes the definition. What it is to show stands in
/// its element `config`, which is empty here.
extern const std::string_view dashboard_page_text;

/// A page (HTML) that asks a Prometheus or a Pushgateway by itself and draws the jobs; it refers to nothing else. An
/// error says which option makes no sense.
Result<std::string> dashboard_page(const DashboardOptions& options);

}  // namespace pushmetrics
