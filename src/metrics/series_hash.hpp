#pragma once

#include "support/zeroed_words.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace pushmetrics {

namespace hashing {

inline constexpr std::uint64_t odd_a = 0x9E3779B97F4A7C15;
inline constexpr std::uint64_t odd_b = 0xD6E8FEB86659FD93;

/// The upper half of the product, from products of 32 bits by 32 bits, for processors without a wider one.
constexpr std::uint64_t upper_half_of_product(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t low_half = 0xFFFFFFFF;
  const std::uint64_t low = (a & low_half) * (b & low_half);
  const std::uint64_t middle = (a >> 32U) * (b & low_half) + (low >> 32U);
  const std::uint64_t other_middle = (a & low_half) * (b >> 32U) + (middle & low_half);
  return (a >> 32U) * (b >> 32U) + (middle >> 32U) + (other_middle >> 32U);
}

/// The two halves of the product, folded: mixes every bit of both into all of the result.
inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
#if defined(__SIZEOF_INT128__)
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
#else
  return (a * b) ^ upper_half_of_product(a, b);
#endif
}

template <typename Word>
std::uint64_t load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace hashing

/// Hash of bytes; the same in every run on one machine.
inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0) {
  using namespace hashing;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t hash = seed ^ (bytes.size() * odd_a);
  for (; left > 16; left -= 16, at += 16)
    hash = fold_product(load<std::uint64_t>(at) ^ odd_a, load<std::uint64_t>(at + 8) ^ hash);
  // The rest as two words, which may overlap.
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  if (left >= 8) {
    first = load<std::uint64_t>(at);
    second = load<std::uint64_t>(at + left - 8);
  } else if (left >= 4) {
    first = load<std::uint32_t>(at);
    second = load<std::uint32_t>(at + left - 4);
  } else if (left > 0) {
    first = load<std::uint8_t>(at);
    second = load<std::uint8_t>(at + left / 2) << 8U | load<std::uint8_t>(at + left - 1);
  }
  return fold_product(fold_product(first ^ odd_b, second ^ hash), odd_a);
}

/// Hash of a family's labels, for HashSet.
inline std::uint64_t hash_labels(std::string_view labels, std::uint64_t family_hash) {
  const std::uint64_t hash = hash_bytes(labels, family_hash);
  return hash == 0 ? 1 : hash;
}

/// A set of hashes, eight bytes each, that records which ones were inserted again.
class HashSet {
 public:
  /// Reserves space for the expected number.
  explicit HashSet(std::size_t expected = 0);
  /// Returns whether it is new.
  bool insert(std::uint64_t hash);
  /// Inserts later, when the memory has been prefetched. Duplicates are then in repeated(), after settle().
  void insert_later(std::uint64_t hash);
  void settle();
  /// Hashes that insert_later() was given more than once.
  const std::vector<std::uint64_t>& repeated() const { return repeated_; }

 private:
  static constexpr std::size_t queue_size = 16;

  void insert_queued(std::uint64_t hash);
  void grow();

  /// Open addressing; 0 is a free slot. The size is a power of two.
  ZeroedWords places_;
  std::size_t count_ = 0;
  std::array<std::uint64_t, queue_size> queue_{};
  std::size_t queued_ = 0;
  std::vector<std::uint64_t> repeated_;
};

}  // namespace pushmetrics
