#pragma once

#include "metrics/exposition_parser.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Of bytes; the same on every run.
std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0);

/// Of a label's name and value. The hash of a series is the sum over its labels, so that their order does not
/// matter. (A value can be written in one way only, so that it need not be unescaped.)
std::uint64_t hash_label(const RawLabel& label);

/// Brings a sum of hashes into the form that HashSet wants.
std::uint64_t finish_hash(std::uint64_t sum);

/// A set of hashes, eight bytes each, that remembers which of them came again.
class HashSet {
 public:
  /// Whether it is new.
  bool insert(std::uint64_t hash);
  /// The same, at leisure: by the time that it is looked up, memory has been fetched. What was there already
  /// is told by repeated(), after settle().
  void insert_later(std::uint64_t hash);
  void settle();
  /// Hashes that insert_later was given more than once.
  const std::vector<std::uint64_t>& repeated() const { return repeated_; }

 private:
  static constexpr std::size_t queue_size = 16;

  void insert_queued(std::uint64_t hash);
  void grow();

  /// Open addressing; 0 is a free place. The size is a power of two.
  std::vector<std::uint64_t> places_;
  std::size_t count_ = 0;
  std::array<std::uint64_t, queue_size> queue_{};
  std::size_t queued_ = 0;
  std::vector<std::uint64_t> repeated_;
};

}  // namespace pushmetrics
