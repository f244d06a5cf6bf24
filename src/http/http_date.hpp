#pragma once

#include "support/duration.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace pushmetrics {

/// The date format of HTTP, or one of its two obsolete forms (RFC 9110, section 5.6.7).
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

/// Seconds or an HTTP date (RFC 9110, section 10.2.3), as the time from now; nothing if it is neither.
std::optional<Duration> parse_retry_after(std::string_view text);

}  // namespace pushmetrics
