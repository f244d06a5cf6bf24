#include "schedule/cron_schedule.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace pushmetrics;

namespace {

WallMinute minute_of(int year, unsigned month, unsigned day, int hour, int minute) {
  const std::chrono::sys_days date{std::chrono::year(year) / std::chrono::month(month) /
                                   std::chrono::day(day)};
  return WallMinute{date.time_since_epoch().count()} * 1440 + hour * 60 + minute;
}

bool names(const char* expression, WallMinute minute) {
  const auto schedule = CronSchedule::parse(expression);
  REQUIRE(schedule);
  return schedule->first_match(minute, minute + 1).has_value();
}

std::string error_of(const char* expression) {
  CAPTURE(expression);
  const auto schedule = CronSchedule::parse(expression);
  REQUIRE_FALSE(schedule);
  return schedule.error();
}

}  // namespace

TEST_CASE("numbers, lists, ranges, steps and names are those of crontab(5)") {
  const WallMinute monday = minute_of(2026, 3, 2, 3, 17);
  for (const char* same :
       {"17 3 * * *", "* * * * *", "17 3 2 3 *", "17 3 * mar mon", "17 3 * MAR Mon", "1,17 3 * * *",
        "10-20 3 * * *", "2-59/15 1-5/2 * * *", "*/17 */3 */1 */2 *", "017 03 02 3 1",
        "17 3 * jan-mar sun-tue", "17\t3  *  * 1", " 17 3 * * 1 ", "17 3 31 * 1"}) {
    CAPTURE(same);
    CHECK(names(same, monday));
  }
  for (const char* other : {"16 3 * * *", "17 4 * * *", "17 3 3 * *", "17 3 * 4 *", "17 3 * * 2",
                            "*/18 3 * * *", "17 3 * * 7", "2-59/16 3 * * *", "18-59 3 * * *"}) {
    CAPTURE(other);
    CHECK_FALSE(names(other, monday));
  }
}

TEST_CASE("Sunday is 0 and 7") {
  const WallMinute sunday = minute_of(2026, 3, 1, 0, 0);
  for (const char* same : {"0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 0 * * 5-7", "0 0 * * 6,7"})
    CHECK(names(same, sunday));
  CHECK_FALSE(names("0 0 * * 1-6", sunday));
}

TEST_CASE("a day matches one of both fields, or both if either begins with a star") {
  const WallMinute friday = minute_of(2026, 3, 6, 0, 0);
  const WallMinute friday_the_13th = minute_of(2026, 3, 13, 0, 0);
  const WallMinute saturday_the_14th = minute_of(2026, 3, 14, 0, 0);
  CHECK(names("0 0 13 * fri", friday));
  CHECK(names("0 0 14 * fri", saturday_the_14th));
  CHECK(names("0 0 */2 * fri", friday_the_13th));
  CHECK_FALSE(names("0 0 */2 * fri", friday));
  CHECK_FALSE(names("0 0 */2 * sat", saturday_the_14th));
  CHECK(names("0 0 13 * */5", friday_the_13th));
  CHECK_FALSE(names("0 0 13 * */5", friday));
}

TEST_CASE("names stand for five fields") {
  const WallMinute new_year = minute_of(2023, 1, 1, 0, 0);  // a Sunday
  for (const char* name : {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
    CHECK(names(name, new_year));
  CHECK_FALSE(names("@yearly", minute_of(2023, 2, 1, 0, 0)));
  CHECK_FALSE(names("@monthly", minute_of(2023, 2, 2, 0, 0)));
  CHECK_FALSE(names("@weekly", minute_of(2023, 1, 2, 0, 0)));
  CHECK_FALSE(names("@daily", minute_of(2023, 1, 2, 1, 0)));
  CHECK_FALSE(names("@hourly", minute_of(2023, 1, 2, 1, 1)));
}

TEST_CASE("an error names the expression, the field and what is wrong there") {
  CHECK(error_of("0 25 * * *") == "invalid schedule '0 25 * * *': field 2 (hour): '25' is not from 0 to 23");
  CHECK(error_of("0 0 * foo *") ==
        "invalid schedule '0 0 * foo *': field 4 (month): 'foo' is not from 1 to 12, or jan to dec");
  CHECK(error_of("5/10 * * * *") ==
        "invalid schedule '5/10 * * * *': field 1 (minute): '5/10': a step needs a range, as in 5-59/10");
  CHECK(error_of("0 0 * * fri-sun") ==
        "invalid schedule '0 0 * * fri-sun': field 5 (day of week): 'fri-sun' ends "
        "before it begins: write Sunday as 7 there");
  CHECK(error_of("0 0 31 2 *") == "invalid schedule '0 0 31 2 *': no month has such a day (fields 3 and 4)");
  CHECK(error_of("0 3 * *") ==
        "invalid schedule '0 3 * *': it has 4 fields, not five (minute, hour, day of month, "
        "month, day of week)");
  CHECK(error_of("@reboot") == "invalid schedule '@reboot': nobody knows the next reboot");
}

TEST_CASE("what is no expression is rejected") {
  for (const char* wrong : {"",
                            " ",
                            "0",
                            "0 0 0 * *",
                            "60 * * * *",
                            "* 24 * * *",
                            "* * 32 * *",
                            "* * * 13 *",
                            "* * * 0 *",
                            "* * * * 8",
                            "-1 * * * *",
                            "1- * * * *",
                            "-5 * * * *",
                            "1,,2 * * * *",
                            "1, * * * *",
                            ",1 * * * *",
                            "*/0 * * * *",
                            "*/ * * * *",
                            "*/x * * * *",
                            "/5 * * * *",
                            "50-10 * * * *",
                            "0~9 * * * *",
                            "*5 * * * *",
                            "*-5 * * * *",
                            "? * * * *",
                            "0 0 L * *",
                            "0 0 * * 1#2",
                            "* * * * monday",
                            "* * * * * *",
                            "0 3 * * * root backup",
                            "@Daily",
                            "@",
                            "@daily x",
                            "0 0 30 2 *",
                            "0 0 31 4,6,9,11 */2",
                            "99999999999 * * * *",
                            "*/-1 * * * *",
                            "1.5 * * * *",
                            "0x1 * * * *",
                            "jan * * * *",
                            "0 0 * mon *"})
    error_of(wrong);
}

TEST_CASE("a day that only its day of the week makes possible is accepted") {
  CHECK(CronSchedule::parse("0 0 31 2 mon"));
  CHECK(CronSchedule::parse("0 0 29 2 *"));
  CHECK(CronSchedule::parse("*/90 * * * *"));
}

TEST_CASE("the first minute of a range is found, and nothing outside of it") {
  const auto schedule = CronSchedule::parse("30 12 29 2 *");
  const WallMinute leap = minute_of(2028, 2, 29, 12, 30);
  CHECK(schedule->first_match(minute_of(2026, 1, 1, 0, 0), minute_of(2030, 1, 1, 0, 0)) == leap);
  CHECK(schedule->first_match(leap, leap + 1) == leap);
  CHECK_FALSE(schedule->first_match(minute_of(2026, 1, 1, 0, 0), leap));
  CHECK_FALSE(schedule->first_match(leap + 1, minute_of(2032, 2, 29, 12, 30)));
  CHECK(*CronSchedule::parse("0 0 1 1 *")->first_match(minute_of(1969, 12, 1, 0, 0), 10) == 0);
}
