#pragma once

#include "support/duration.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <string_view>

namespace pushmetrics {

/// How hard to try (SPEC.md, "Delivery").
struct DeliveryPolicy {
  /// For one push to one target, retries and waits included.
  Duration push_timeout = std::chrono::seconds(10);
  int retries = 3;
};

/// 408, 425, 429 and 5xx.
bool is_retryable_status(int status);

/// 400 and its like: what was sent is wrong, and will be. The other 4xx, and 3xx, are about who asked, and
/// where.
bool is_about_the_push(int status);

/// The form of a date that servers send, or one of the two that they may have sent long ago (RFC 9110,
/// section 5.6.7).
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

/// Seconds, or an HTTP date (RFC 9110, section 10.2.3), as the time from now; nothing if it is neither.
std::optional<Duration> parse_retry_after(std::string_view text);

/// The wait before retry `number` (from 1): exponential backoff with full jitter, that is, anything from
/// nothing to 250 ms, then 500 ms, 1 s, ... up to 5 s, so that a hundred jobs that failed together do not
/// come back together.
Duration backoff(int number, std::mt19937& random);

}  // namespace pushmetrics
