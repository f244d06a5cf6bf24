#include "delivery/retry_policy.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pushmetrics;
using namespace std::chrono_literals;

TEST_CASE("the wait before a retry is anything up to a bound that doubles, and never above five seconds") {
  std::mt19937 random(1);
  const Duration bounds[] = {250ms, 500ms, 1s, 2s, 4s, 5s, 5s};
  for (int number = 1; number <= 7; ++number) {
    Duration longest{}, shortest = 1h;
    for (int i = 0; i < 500; ++i) {
      const Duration wait = backoff(number, random);
      longest = std::max(longest, wait);
      shortest = std::min(shortest, wait);
    }
    const Duration bound = bounds[number - 1];
    CHECK(longest <= bound);
    CHECK(longest > bound * 9 / 10);
    CHECK(shortest >= Duration::zero());
    CHECK(shortest < bound / 10);
  }
  CHECK(backoff(1000, random) <= 5s);
}
