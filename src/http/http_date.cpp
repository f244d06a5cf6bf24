#include "http/http_date.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace pushmetrics {
namespace {

/// Without timegm(3), which would read the time zone file.
std::chrono::system_clock::time_point utc(const std::tm& time) {
  using namespace std::chrono;
  const year_month_day day{year(time.tm_year + 1900), month(static_cast<unsigned>(time.tm_mon + 1)),
                           std::chrono::day(static_cast<unsigned>(time.tm_mday))};
  return sys_days(day) + hours(time.tm_hour) + minutes(time.tm_min) + seconds(time.tm_sec);
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
  const std::string date(text);  // strptime(3) needs a terminated string
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm time{};
    const char* const rest = ::strptime(date.c_str(), form, &time);
    if (rest == nullptr || *rest != '\0') continue;
    // Years beyond the range of the clock's nanoseconds count as never.
    constexpr int last_year = 2261 - 1900;
    time.tm_year = std::clamp(time.tm_year, 0, last_year);
    return utc(time);
  }
  return std::nullopt;
}

std::optional<Duration> parse_retry_after(std::string_view text) {
  unsigned long long seconds = 0;
  const char* const end = text.data() + text.size();
  constexpr unsigned long long a_year = 365ULL * 86400;
  constexpr Duration longest = std::chrono::seconds(a_year);
  const auto number = std::from_chars(text.data(), end, seconds);
  if (!text.empty() && number.ptr == end)
    return number.ec == std::errc() ? Duration(std::chrono::seconds(std::min(seconds, a_year))) : longest;
  const auto when = parse_http_date(text);
  if (!when) return std::nullopt;
  return std::clamp<Duration>(*when - std::chrono::system_clock::now(), Duration::zero(), longest);
}

}  // namespace pushmetrics
