#pragma once

#include "support/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace pushmetrics {

using Duration = std::chrono::nanoseconds;

/// Parses `500ms`, `90s`, `1h30m`, `7d`, `1.5h`; a number without a unit is seconds. Units: ms, s, m, h, d,
/// w.
/// Negative, empty and overflowing values are errors.
Result<Duration> parse_duration(std::string_view text);

/// The shortest readable text: `340ms`, `1.5s`, `2m 5s`, `3h 12m`, `4d 2h`.
std::string format_duration(Duration duration);

/// Rounded to a nanosecond; `seconds` must be within what a Duration can hold (292 years).
Duration from_seconds(double seconds);

/// Seconds as a number, for metrics.
double to_seconds(Duration duration);

}  // namespace pushmetrics
