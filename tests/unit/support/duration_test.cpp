#include "support/duration.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;
using namespace std::chrono_literals;

TEST_CASE("durations are read as a person writes them") {
  CHECK(*parse_duration("500ms") == 500ms);
  CHECK(*parse_duration("90s") == 90s);
  CHECK(*parse_duration("1h30m") == 90min);
  CHECK(*parse_duration("7d") == 168h);
  CHECK(*parse_duration("1.5h") == 90min);
  CHECK(*parse_duration("2w") == 336h);
  CHECK(*parse_duration("2min") == 2min);
  CHECK(*parse_duration("1 h") == 1h);
  CHECK(*parse_duration("1 hour 30 minutes") == 90min);
  CHECK(*parse_duration("3days") == 72h);
}

TEST_CASE("a bare number is seconds") {
  CHECK(*parse_duration("10") == 10s);
  CHECK(*parse_duration("0.25") == 250ms);
  CHECK(*parse_duration("0") == 0s);
}

TEST_CASE("what is not a duration is refused and quoted") {
  for (const char* text : {"", "s", "-1s", "1x", "10s5", "1e3", "nan", "inf", "1h30", "1hm", "5M", " 5s",
                           "ms", "--1", "+1", "999999999d"}) {
    CAPTURE(text);
    const auto duration = parse_duration(text);
    REQUIRE_FALSE(duration);
    CHECK(duration.error().find("'" + std::string(text) + "'") != std::string::npos);
  }
}

TEST_CASE("durations are shown in at most two units") {
  CHECK(format_duration(0ms) == "0ms");
  CHECK(format_duration(340ms) == "340ms");
  CHECK(format_duration(1500ms) == "1.5s");
  CHECK(format_duration(12300ms) == "12.3s");
  CHECK(format_duration(125s) == "2m 5s");
  CHECK(format_duration(120s) == "2m");
  CHECK(format_duration(11520s) == "3h 12m");
  CHECK(format_duration(98h) == "4d 2h");
}
