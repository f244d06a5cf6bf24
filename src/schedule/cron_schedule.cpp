#include "schedule/cron_schedule.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pushmetrics {
namespace {

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  unsigned low;
  unsigned high;
  std::span<const std::string_view> names = {};
};

constexpr std::array<Field, 5> fields{{{"minute", 0, 59},
                                       {"hour", 0, 23},
                                       {"day of month", 1, 31},
                                       {"month", 1, 12, month_names},
                                       {"day of week", 0, 7, weekday_names}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> nicknames{{
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
    {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
}};

constexpr std::string_view example = "write it as in crontab(5), such as '17 3 * * 1-5' or '@daily'";

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string not_in_range(std::string_view value, const Field& field) {
  const std::string_view names = field.names.empty() ? ""
                                 : field.low == 1    ? ", or jan to dec"
                                                     : ", or sun to sat";
  return concat({in_quotes(value), " is not from ", std::to_string(field.low), " to ",
                 std::to_string(field.high), names});
}

Result<unsigned> parse_value(std::string_view text, const Field& field) {
  const auto name = std::ranges::find(field.names, lower_case(text));
  if (name != field.names.end()) return field.low + static_cast<unsigned>(name - field.names.begin());
  const auto number = parse_number(text);
  if (number && *number >= field.low && *number <= field.high) return *number;
  return Failure{text.empty() ? std::string("a number is missing") : not_in_range(text, field)};
}

struct Range {
  unsigned first;
  unsigned last;
  unsigned step = 1;
};

/// `*`, `3`, `1-5`, each of the former and the latter perhaps with a step: `*/10`.
Result<Range> parse_range(std::string_view text, const Field& field) {
  const std::size_t slash = text.find('/');
  const std::string_view values = text.substr(0, slash);
  const std::size_t dash = values.find('-');
  Range range{field.low, field.high};
  if (values != "*") {
    const auto first = parse_value(values.substr(0, dash), field);
    if (!first) return first.failure();
    range = {*first, *first};
  }
  if (dash != std::string_view::npos) {
    const auto last = parse_value(values.substr(dash + 1), field);
    if (!last) return last.failure();
    if (*last < range.first)
      return Failure{concat({in_quotes(values), " ends before it begins",
                             lower_case(values).ends_with("-sun") ? ": write Sunday as 7 there" : ""})};
    range.last = *last;
  }
  if (slash == std::string_view::npos) return range;
  if (values != "*" && dash == std::string_view::npos)
    return Failure{concat({in_quotes(text), ": a step needs a range, as in ", values, "-",
                           std::to_string(field.high), text.substr(slash)})};
  const auto step = parse_number(text.substr(slash + 1));
  if (!step || *step == 0) return Failure{concat({in_quotes(text), ": the step is not a number from 1 up"})};
  range.step = *step;
  return range;
}

/// The values of a field, as bits.
Result<std::uint64_t> parse_field(std::string_view text, const Field& field) {
  std::uint64_t bits = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const auto range = parse_range(text.substr(begin, comma - begin), field);
    if (!range) return range.failure();
    for (std::uint64_t value = range->first; value <= range->last; value += range->step)
      bits |= std::uint64_t{1} << value;
    begin = comma + 1;
  }
  return bits;
}

Failure invalid(std::string_view text, std::string_view why, std::string_view hint = {}) {
  return {concat({"invalid schedule ", in_quotes(text), ": ", why}), std::string(hint)};
}

Failure unknown_nickname(std::string_view text) {
  if (text == "@reboot") return invalid(text, "nobody knows the next reboot", example);
  return invalid(text, "unknown name",
                 "use @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or five fields");
}

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
  std::string_view expression = trim(text);
  if (expression.starts_with('@')) {
    const auto known =
        std::ranges::find(nicknames, expression, &std::pair<std::string_view, std::string_view>::first);
    if (known == nicknames.end()) return unknown_nickname(expression);
    expression = known->second;
  }
  const std::vector<std::string_view> words = split(expression, " \t");
  if (words.size() != fields.size())
    return invalid(text,
                   concat({"it has ", std::to_string(words.size()), words.size() == 1 ? " field" : " fields",
                           ", not five (minute, hour, day of month, month, day of week)"}),
                   example);
  std::array<std::uint64_t, fields.size()> bits{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto values = parse_field(words[i], fields[i]);
    if (!values)
      return invalid(text,
                     concat({"field ", std::to_string(i + 1), " (", fields[i].name, "): ", values.error()}));
    bits[i] = *values;
  }
  CronSchedule schedule;
  schedule.minutes_ = bits[0];
  schedule.hours_ = bits[1];
  schedule.days_ = bits[2];
  schedule.months_ = bits[3];
  schedule.weekdays_ = bits[4];
  if (schedule.weekdays_[7]) schedule.weekdays_.set(0);
  schedule.is_fixed_time_ = !words[0].starts_with('*') && !words[1].starts_with('*');
  schedule.day_has_star_ = words[2].starts_with('*');
  schedule.weekday_has_star_ = words[4].starts_with('*');
  if (!schedule.names_a_day()) return invalid(text, "no month has such a day (fields 3 and 4)");
  return schedule;
}

bool CronSchedule::matches_day(unsigned day, unsigned weekday) const {
  if (day_has_star_ || weekday_has_star_) return days_[day] && weekdays_[weekday];
  return days_[day] || weekdays_[weekday];
}

/// 30 February never comes, unless the day of the week makes up for it.
bool CronSchedule::names_a_day() const {
  if (!day_has_star_ && !weekday_has_star_) return true;
  constexpr std::array<unsigned, 13> lengths{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month < lengths.size(); ++month)
    for (unsigned day = 1; months_[month] && day <= lengths[month]; ++day)
      if (days_[day]) return true;
  return false;
}

std::optional<WallMinute> CronSchedule::first_match(WallMinute begin, WallMinute end) const {
  using namespace std::chrono;
  constexpr WallMinute minutes_per_day = 24 * 60;
  while (begin < end) {
    const auto day = floor<days>(sys_time<minutes>(minutes(begin)));
    const year_month_day date(day);
    const WallMinute midnight = WallMinute{day.time_since_epoch().count()} * minutes_per_day;
    if (!months_[static_cast<unsigned>(date.month())]) {
      const sys_days next_month(year_month_day(date.year(), date.month(), std::chrono::day(1)) + months(1));
      begin = WallMinute{next_month.time_since_epoch().count()} * minutes_per_day;
      continue;
    }
    if (matches_day(static_cast<unsigned>(date.day()), weekday(day).c_encoding()))
      for (WallMinute minute = begin; minute < std::min(end, midnight + minutes_per_day); ++minute) {
        const auto of_day = static_cast<std::size_t>(minute - midnight);
        if (hours_[of_day / 60] && minutes_[of_day % 60]) return minute;
      }
    begin = midnight + minutes_per_day;
  }
  return std::nullopt;
}

}  // namespace pushmetrics
