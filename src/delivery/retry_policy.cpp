#include "delivery/retry_policy.hpp"

#include <algorithm>

namespace pushmetrics {

Duration RetryPolicy::time_for(std::size_t bytes) const {
  const auto mebibytes = static_cast<Duration::rep>(bytes >> 20U);
  return push_timeout + std::max<Duration::rep>(mebibytes - 1, 0) * per_further_mebibyte;
}

Duration backoff(int number, std::mt19937& random) {
  constexpr std::chrono::milliseconds first{250}, longest{5000};
  const auto bound = std::min<Duration>(longest, Duration(first) * (1LL << std::min(number - 1, 10)));
  return Duration(std::uniform_int_distribution<Duration::rep>(0, bound.count())(random));
}

Duration pause_after(int failures, std::mt19937& random) {
  constexpr std::chrono::seconds first{1}, longest{30};
  const auto bound = std::min<Duration>(longest, Duration(first) * (1LL << std::min(failures - 1, 10)));
  return bound - Duration(std::uniform_int_distribution<Duration::rep>(0, bound.count() / 4)(random));
}

}  // namespace pushmetrics
