#include "schedule/next_run.hpp"

#include "schedule/time_zone.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace pushmetrics;
using namespace std::chrono_literals;
using std::chrono::sys_seconds;

namespace {

sys_seconds utc(int year, unsigned month, unsigned day, int hour, int minute, int second = 0) {
  const std::chrono::sys_days date{std::chrono::year(year) / std::chrono::month(month) /
                                   std::chrono::day(day)};
  return date + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

sys_seconds next(const std::string& expression, const std::string& zone, sys_seconds start) {
  const auto schedule = CronSchedule::parse(expression);
  REQUIRE(schedule);
  const auto run = next_run(*schedule, zone, start);
  REQUIRE(run);
  REQUIRE(run->has_value());
  return **run;
}

/// One field, as a person writes it: its text, the values that it names, and whether it begins with `*`.
struct Field {
  std::string text;
  std::set<int> values;
  bool has_star = false;
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int number(int low, int high) { return std::uniform_int_distribution(low, high)(engine_); }

  /// Values from `low` to `highest`; numbers, unless there is a star, up to `high`.
  Field field(int low, int highest, int high) {
    Field field;
    switch (number(0, 5)) {
      case 0:
      case 1: return range("*", low, highest, 1);
      case 2: {
        const int step = number(2, 10);
        return range("*/" + std::to_string(step), low, highest, step);
      }
      case 3: {
        const int first = number(low, high);
        const int last = number(first, high);
        const int step = number(1, 4);
        return range(std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(step), first,
                     last, step);
      }
      default:
        for (int i = number(1, 3); i > 0; --i) {
          const int value = number(low, high);
          field.text += (field.text.empty() ? "" : ",") + std::to_string(value);
          field.values.insert(value);
        }
        return field;
    }
  }

 private:
  static Field range(const std::string& text, int first, int last, int step) {
    Field field{text, {}, text[0] == '*'};
    for (int value = first; value <= last; value += step) field.values.insert(value);
    return field;
  }

  std::mt19937 engine_;
};

/// cron's clock for some weeks: what its wall clock shows in each minute.
struct Clock {
  sys_seconds begin;
  std::vector<std::tm> minutes;

  Clock(sys_seconds from, int days) : begin(from) {
    for (int i = 0; i < days * 1440; ++i) {
      const std::time_t time = (from + i * 1min).time_since_epoch().count();
      minutes.emplace_back();
      ::localtime_r(&time, &minutes.back());
    }
  }
  sys_seconds at(std::size_t index) const { return begin + static_cast<int>(index) * 1min; }
  long wall(std::size_t index) const {
    return (at(index).time_since_epoch().count() + minutes[index].tm_gmtoff) / 60;
  }
};

/// Vixie cron's main loop (cron.c, version 4.1, which Debian's and cronie's follow), minute by minute: an
/// implementation that knows nothing of the one under test.
class Cron {
 public:
  Cron(Field minute, Field hour, Field day, Field month, Field weekday)
      : fields_{std::move(minute), std::move(hour), std::move(day), std::move(month), std::move(weekday)} {
    if (fields_[4].values.contains(7)) fields_[4].values.insert(0);
  }

  std::string text() const {
    std::string text;
    for (const Field& field : fields_) text += (text.empty() ? "" : " ") + field.text;
    return text;
  }

  /// The first minute after `start` in which it runs the job; the number of minutes if there is none.
  std::size_t first_run(const Clock& clock, std::size_t start) const {
    std::size_t minute = start > 1441 ? start - 1440 : 1;
    long done = clock.wall(minute - 1);
    for (; minute < clock.minutes.size(); ++minute) {
      const long now = clock.wall(minute);
      const long change = now - done;
      bool runs = false;
      if (change > -180 && change <= 0) {
        runs = !is_fixed() && matches(now);
      } else if (change > 5 && change <= 180) {
        runs = !is_fixed() && matches(now);
        while (++done <= now) runs |= is_fixed() && matches(done);
        done = now;
      } else if (change > 0 && change <= 5) {
        while (++done <= now) runs |= matches(done);
        done = now;
      } else {
        done = now;
        runs = matches(now);
      }
      if (runs && minute > start) return minute;
    }
    return minute;
  }

 private:
  bool is_fixed() const { return !fields_[0].has_star && !fields_[1].has_star; }

  bool matches(long wall) const {
    const std::time_t seconds = wall * 60;
    std::tm time{};
    ::gmtime_r(&seconds, &time);
    if (!fields_[0].values.contains(time.tm_min) || !fields_[1].values.contains(time.tm_hour) ||
        !fields_[3].values.contains(time.tm_mon + 1))
      return false;
    const bool day = fields_[2].values.contains(time.tm_mday);
    const bool weekday = fields_[4].values.contains(time.tm_wday);
    return fields_[2].has_star || fields_[4].has_star ? day && weekday : day || weekday;
  }

  std::vector<Field> fields_;
};

struct Change {
  const char* zone;
  sys_seconds near;
};

const Change changes[] = {
    {"Europe/Berlin", utc(2026, 3, 29, 1, 0)},       {"Europe/Berlin", utc(2026, 10, 25, 1, 0)},
    {"America/New_York", utc(2026, 3, 8, 7, 0)},     {"America/New_York", utc(2026, 11, 1, 6, 0)},
    {"Australia/Lord_Howe", utc(2026, 4, 4, 15, 0)}, {"Australia/Lord_Howe", utc(2026, 10, 3, 15, 30)},
    {"America/Sao_Paulo", utc(2018, 11, 4, 3, 0)},   {"Africa/Casablanca", utc(2026, 2, 15, 2, 0)},
    {"Antarctica/Troll", utc(2026, 3, 29, 1, 0)},    {"Antarctica/Troll", utc(2026, 10, 25, 1, 0)},
    {"Pacific/Apia", utc(2011, 12, 30, 10, 0)},      {"Asia/Kathmandu", utc(2026, 5, 1, 0, 0)},
    {"America/St_Johns", utc(2050, 11, 6, 4, 30)},   {"UTC", utc(2026, 12, 31, 23, 0)},
};

}  // namespace

TEST_CASE(
    "the next run is that of Vixie cron, for random expressions and starts around changes of the clock") {
  Random random(18);
  std::size_t compared = 0;
  for (const Change& change : changes) {
    CAPTURE(change.zone);
    const auto scope = ZoneScope::enter(change.zone);
    REQUIRE(scope);
    const Clock clock(change.near - std::chrono::days(4), 12);
    for (int i = 0; i < 300; ++i) {
      // Most expressions are about the hours in which clocks are moved.
      const Field hour = random.field(0, 23, random.number(0, 2) == 0 ? 23 : 4);
      const Field any{"*", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, true};
      const bool often = random.number(0, 3) > 0;
      Field day = random.field(1, 31, 31);
      Field weekday = random.field(0, 7, 7);
      if (often) {
        day = {"*", {}, true};
        for (int value = 1; value <= 31; ++value) day.values.insert(value);
        weekday = {"*", {0, 1, 2, 3, 4, 5, 6, 7}, true};
      }
      const Cron cron(random.field(0, 59, 59), hour, day, any, weekday);
      const auto start = static_cast<std::size_t>(random.number(2 * 1440, 6 * 1440));
      const std::size_t expected = cron.first_run(clock, start);
      if (expected == clock.minutes.size()) continue;  // beyond what was simulated
      CAPTURE(cron.text());
      CAPTURE(start);
      const auto schedule = CronSchedule::parse(cron.text());
      REQUIRE(schedule);
      const auto run = first_run_after(
          *schedule, clock.at(start) + std::chrono::seconds(random.number(0, 59)), ZoneScope::offset);
      REQUIRE(run);
      REQUIRE(run->time_since_epoch().count() == clock.at(expected).time_since_epoch().count());
      ++compared;
    }
  }
  CHECK(compared > 3000);
}

TEST_CASE("a start within the minute that is named is followed by the next one") {
  CHECK(next("17 3 * * *", "UTC", utc(2026, 3, 2, 3, 16, 59)) == utc(2026, 3, 2, 3, 17));
  CHECK(next("17 3 * * *", "UTC", utc(2026, 3, 2, 3, 17, 0)) == utc(2026, 3, 3, 3, 17));
  CHECK(next("17 3 * * *", "UTC", utc(2026, 3, 2, 3, 17, 1)) == utc(2026, 3, 3, 3, 17));
  CHECK(next("17 3 * * 1-5", "UTC", utc(2026, 3, 6, 4, 0)) == utc(2026, 3, 9, 3, 17));
}

TEST_CASE("a skipped fixed time runs at once, and a repeated one only once") {
  CHECK(next("30 2 * * *", "Europe/Berlin", utc(2026, 3, 28, 12, 0)) == utc(2026, 3, 29, 1, 0));
  CHECK(next("30 2 * * *", "Europe/Berlin", utc(2026, 3, 29, 1, 0)) == utc(2026, 3, 30, 0, 30));
  CHECK(next("30 2 * * *", "Europe/Berlin", utc(2026, 10, 25, 0, 30)) == utc(2026, 10, 26, 1, 30));
  CHECK(next("*/30 * * * *", "Europe/Berlin", utc(2026, 3, 29, 0, 30)) == utc(2026, 3, 29, 1, 0));
  CHECK(next("30 * * * *", "Europe/Berlin", utc(2026, 10, 25, 0, 30)) == utc(2026, 10, 25, 1, 30));
}

TEST_CASE("what is rare is found, however far") {
  CHECK(next("0 0 29 2 *", "UTC", utc(2096, 3, 1, 0, 0)) == utc(2104, 2, 29, 0, 0));
  // The 29th of February is a Sunday in 2088, and then not before 2128.
  CHECK(next("0 0 29 2 */7", "UTC", utc(2088, 3, 1, 0, 0)) == utc(2128, 2, 29, 0, 0));
}

TEST_CASE("the zone of the process is as before, whatever was asked") {
  ::setenv("TZ", "Asia/Tokyo", 1);
  ::tzset();
  CHECK(next("0 0 * * *", "Europe/Berlin", utc(2026, 1, 1, 12, 0)) == utc(2026, 1, 1, 23, 0));
  CHECK(std::string(std::getenv("TZ")) == "Asia/Tokyo");
  CHECK(next("0 0 * * *", "", utc(2026, 1, 1, 12, 0)) == utc(2026, 1, 1, 15, 0));
  ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0", 1);
  CHECK(next("0 0 * * *", "", utc(2026, 7, 1, 12, 0)) == utc(2026, 7, 1, 22, 0));
  ::unsetenv("TZ");
  CHECK(next("0 0 * * *", "UTC", utc(2026, 1, 1, 12, 0)) == utc(2026, 1, 2, 0, 0));
  CHECK(std::getenv("TZ") == nullptr);
}

TEST_CASE("a zone that is not known here is an error, not UTC") {
  const auto schedule = CronSchedule::parse("@daily");
  const auto id_of = [&](const std::string& zone) {
    const auto run = next_run(*schedule, zone, utc(2026, 1, 1, 0, 0));
    REQUIRE_FALSE(run);
    CHECK_FALSE(run.failure().hint.empty());
    return std::string(run.failure().id);
  };
  CHECK(id_of("Europe/Berln") == "unknown-zone");
  ::setenv("TZ", ":Europe/Berln", 1);
  CHECK(id_of("") == "unknown-zone");
  ::setenv("TZDIR", "/nonexistent", 1);
  CHECK(id_of("Europe/Berlin") == "no-tzdata");
  CHECK(next("@daily", "UTC", utc(2026, 1, 1, 1, 0)) == utc(2026, 1, 2, 0, 0));
  ::unsetenv("TZDIR");
  ::unsetenv("TZ");
}

TEST_CASE("a zone's name is a path in tzdata and nothing else") {
  for (const char* name : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "GB-Eire"})
    CHECK(is_zone_name(name));
  for (const char* name :
       {"", "/etc/passwd", "../x", "Europe/Berlin ", "CET-1CEST,M3.5.0", ":Europe/Berlin", "a\nb"})
    CHECK_FALSE(is_zone_name(name));
}
