#include "http/http_date.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <string>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

std::string http_date(std::chrono::system_clock::time_point when, const char* form) {
  const std::time_t time = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, form, &parts)};
}

}  // namespace

TEST_CASE("Retry-After in seconds is understood, and an absurd one is a year") {
  CHECK(parse_retry_after("0") == Duration(0s));
  CHECK(parse_retry_after("120") == Duration(2min));
  CHECK(parse_retry_after("31536001") == Duration(24h * 365));
  CHECK(parse_retry_after("99999999999999999999999999") == Duration(24h * 365));
}

TEST_CASE("Retry-After as a date is understood in all three forms of RFC 9110") {
  const auto when = std::chrono::system_clock::now() + 100s;
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    const auto wait = parse_retry_after(http_date(when, form));
    REQUIRE(wait.has_value());
    CHECK(*wait > 97s);
    CHECK(*wait <= 100s);
  }
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT") == Duration(0s));
  CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT") == Duration(24h * 365));
}

TEST_CASE("what is neither seconds nor a date is no Retry-After") {
  for (const char* text : {"", " ", "-1", "1.5", "1s", "soon", "Sun, 06 Nov 1994", "06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 CET", "-99999999999999999999"})
    CHECK_FALSE(parse_retry_after(text).has_value());
}

TEST_CASE("a date of the distant past or future does not overflow") {
  CHECK(parse_http_date("Sat, 01 Jan 0001 00:00:00 GMT") < std::chrono::system_clock::now());
  CHECK(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT") > std::chrono::system_clock::now());
}
