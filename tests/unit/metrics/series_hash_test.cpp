#include "metrics/series_hash.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

#if defined(__SIZEOF_INT128__)
TEST_CASE("hashes are the same on processors without a product of 128 bits") {
  __extension__ using Wide = unsigned __int128;
  std::uint64_t a = 1;
  std::uint64_t b = ~std::uint64_t{0};
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(hashing::upper_half_of_product(a, b) ==
            static_cast<std::uint64_t>(static_cast<Wide>(a) * b >> 64U));
    a = a * hashing::odd_a + 1;
    b = (b ^ a) * hashing::odd_b;
  }
}
#endif

TEST_CASE("a set of hashes finds what was inserted, also after it has grown") {
  HashSet set;
  for (std::uint64_t i = 1; i <= 1000; ++i) CHECK(set.insert(i * hashing::odd_a));
  for (std::uint64_t i = 1; i <= 1000; ++i) CHECK_FALSE(set.insert(i * hashing::odd_a));
}
