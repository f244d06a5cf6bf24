#include "support/duration.hpp"

#include "support/text.hpp"

#include <algorithm>
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

/// The short names are ours; the others are what systemd.time(7) and people write.
constexpr auto units = std::to_array<Unit>({{"ms", 1e-3},
                                            {"s", 1},
                                            {"sec", 1},
                                            {"second", 1},
                                            {"seconds", 1},
                                            {"m", 60},
                                            {"min", 60},
                                            {"minute", 60},
                                            {"minutes", 60},
                                            {"h", 3600},
                                            {"hr", 3600},
                                            {"hour", 3600},
                                            {"hours", 3600},
                                            {"d", 86400},
                                            {"day", 86400},
                                            {"days", 86400},
                                            {"w", 604800},
                                            {"week", 604800},
                                            {"weeks", 604800}});

constexpr double longest_seconds = 100.0 * 365 * 86400;

Failure not_a_duration(std::string_view text) {
  return Failure{concat({"invalid duration ", in_quotes(text), ": write it as 500ms, 90s, 1h30m or 7d"})};
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

/// The unit that all of the letters at the front of `text` are the name of; takes them.
const Unit* take_unit(std::string_view& text) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto end = std::ranges::find_if_not(text, is_letter);
  const auto found = std::ranges::find(units, std::string_view(text.begin(), end), &Unit::name);
  if (found == units.end()) return nullptr;
  text.remove_prefix(found->name.size());
  return &*found;
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
      skip_blanks(rest);
      const Unit* unit = take_unit(rest);
      if (unit == nullptr) return not_a_duration(text);
      seconds += number * unit->seconds;
      skip_blanks(rest);
    }
  }
  if (seconds > longest_seconds)
    return Failure{concat({"invalid duration ", in_quotes(text), ": it is longer than a hundred years"})};
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
