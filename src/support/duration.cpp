#include "support/duration.hpp"

#include "support/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace pushmetrics {
namespace {

struct Unit {
  std::string_view name;
  double seconds;
};

// "ms" stands before "m", so that the longer name is tried first.
constexpr std::array<Unit, 6> units{
    {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}}};

constexpr double longest_seconds = 100.0 * 365 * 86400;

Failure not_a_duration(std::string_view text) {
  return Failure{"'" + printable(text) + "' is not a duration such as 500ms, 90s, 1h30m or 7d"};
}

const Unit* unit_at(std::string_view text) {
  for (const Unit& unit : units)
    if (text.starts_with(unit.name)) return &unit;
  return nullptr;
}

std::string two_units(long long value, long long per_unit, const char* large, const char* small,
                      long long per_small) {
  std::string text = std::to_string(value / per_unit) + large;
  if (const long long rest = value % per_unit / per_small) text += " " + std::to_string(rest) + small;
  return text;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return not_a_duration(text);
  double seconds = 0;
  for (std::string_view rest = text; !rest.empty();) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || std::signbit(number) || !std::isfinite(number)) return not_a_duration(text);
    const bool whole_text = rest.size() == text.size();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty() && whole_text) {
      seconds = number;
    } else {
      const Unit* unit = unit_at(rest);
      if (unit == nullptr) return not_a_duration(text);
      rest.remove_prefix(unit->name.size());
      seconds += number * unit->seconds;
    }
  }
  if (seconds > longest_seconds) return Failure{"'" + std::string(text) + "' is longer than a hundred years"};
  return from_seconds(seconds);
}

std::string format_duration(Duration duration) {
  using Tenths = std::chrono::duration<long long, std::deci>;
  const double seconds = to_seconds(duration);
  char buffer[32];
  if (seconds < 0.9995) {
    std::snprintf(buffer, sizeof buffer, "%.0fms", seconds * 1e3);
    return buffer;
  }
  if (seconds < 59.95) {
    std::snprintf(buffer, sizeof buffer, "%.3g", to_seconds(std::chrono::round<Tenths>(duration)));
    return std::string(buffer) + "s";
  }
  const long long whole = std::chrono::round<std::chrono::seconds>(duration).count();
  if (whole < 3600) return two_units(whole, 60, "m", "s", 1);
  if (whole < 86400) return two_units(whole, 3600, "h", "m", 60);
  return two_units(whole, 86400, "d", "h", 3600);
}

Duration from_seconds(double seconds) {
  return std::chrono::round<Duration>(std::chrono::duration<double>(seconds));
}

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace pushmetrics
