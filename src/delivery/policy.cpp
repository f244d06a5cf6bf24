#include "delivery/policy.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace pushmetrics {

bool is_retryable_status(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599);
}

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
  // strptime(3) needs a terminated string. The form is fixed, in English and GMT.
  std::tm time{};
  const std::string date(text);
  const char* const rest = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&time));
}

std::optional<Duration> parse_retry_after(std::string_view text) {
  long long seconds = 0;
  const char* const end = text.data() + text.size();
  if (!text.empty() && std::from_chars(text.data(), end, seconds).ptr == end) {
    if (seconds < 0) return std::nullopt;
    return std::chrono::seconds(std::min(seconds, 365LL * 86400));
  }
  const auto when = parse_http_date(text);
  if (!when) return std::nullopt;
  return std::max<Duration>(Duration::zero(), *when - std::chrono::system_clock::now());
}

Duration backoff(int number, std::mt19937& random) {
  constexpr std::chrono::milliseconds first{250}, longest{5000};
  const auto bound = std::min<Duration>(longest, Duration(first) * (1LL << std::min(number - 1, 10)));
  return Duration(std::uniform_int_distribution<Duration::rep>(0, bound.count())(random));
}

}  // namespace pushmetrics
