#pragma once

#include "support/result.hpp"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pushmetrics {

/// Minutes since 1970-01-01 00:00 on a wall clock, whatever its zone.
using WallMinute = std::int64_t;

/// A cron expression: five fields as in crontab(5), or `@daily` and the like.
class CronSchedule {
 public:
  /// Accepts what Debian's cron accepts, except for what it would never run. An error names the field.
  static Result<CronSchedule> parse(std::string_view text);

  /// The first minute in [begin, end) that the expression names.
  std::optional<WallMinute> first_match(WallMinute begin, WallMinute end) const;

  /// Whether neither minute nor hour begins with `*`. cron runs only such jobs once, no sooner and no later,
  /// when the clock is moved.
  bool is_fixed_time() const { return is_fixed_time_; }

 private:
  bool matches_day(unsigned day, unsigned weekday) const;
  bool names_a_day() const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // 1 to 31
  std::bitset<13> months_;   // 1 to 12
  std::bitset<8> weekdays_;  // 0 to 6, 0 is Sunday; 7 is 0 again
  /// A day has to match both fields if either begins with `*`, else one of them.
  bool day_has_star_ = false;
  bool weekday_has_star_ = false;
  bool is_fixed_time_ = false;
};

}  // namespace pushmetrics
