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

TEST_CASE("a target that stays down is left alone for longer and longer, but never above thirty seconds") {
  std::mt19937 random(1);
  const Duration bounds[] = {1s, 2s, 4s, 8s, 16s, 30s, 30s};
  for (int failures = 1; failures <= 7; ++failures)
    for (int i = 0; i < 100; ++i) {
      const Duration pause = pause_after(failures, random);
      CHECK(pause <= bounds[failures - 1]);
      CHECK(pause >= bounds[failures - 1] * 3 / 4);
    }
  CHECK(pause_after(100000, random) <= 30s);
}
