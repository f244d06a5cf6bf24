#include "metrics/series_hash.hpp"

#include <cstring>
#include <string>

namespace pushmetrics {
namespace {

constexpr std::uint64_t odd_a = 0x9E3779B97F4A7C15;
constexpr std::uint64_t odd_b = 0xD6E8FEB86659FD93;
/// Enough to find any error that will be told.
constexpr std::size_t most_repeated = 1000;

/// The two halves of the product, folded: mixes every bit of both into all of the result.
std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
#if defined(__SIZEOF_INT128__)
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
#else
  const std::uint64_t low = (a & 0xFFFFFFFFU) * (b | 1U);
  const std::uint64_t high = (a >> 32U) * (b ^ odd_a);
  return (low ^ (high << 32U | high >> 32U)) * odd_b ^ (low >> 29U);
#endif
}

std::uint64_t load(const char* at, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, size);
  return value;
}

/// Up to 16 bytes as two words, which may overlap.
void load_tail(const char* at, std::size_t size, std::uint64_t& first, std::uint64_t& second) {
  if (size >= 8) {
    first = load(at, 8);
    second = load(at + size - 8, 8);
  } else if (size >= 4) {
    first = load(at, 4);
    second = load(at + size - 4, 4);
  } else if (size > 0) {
    first = static_cast<unsigned char>(at[0]);
    second = load(at + size / 2, 1) << 8U | static_cast<unsigned char>(at[size - 1]);
  }
}

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t hash = seed ^ (bytes.size() * odd_a);
  for (; left > 16; left -= 16, at += 16) hash = fold_product(load(at, 8) ^ odd_a, load(at + 8, 8) ^ hash);
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  load_tail(at, left, first, second);
  return fold_product(fold_product(first ^ odd_b, second ^ hash), odd_a);
}

std::uint64_t hash_label(const RawLabel& label) {
  const char* name_end = label.name.data() + label.name.size();
  const bool compact = label.value.data() == name_end + 2 && *name_end == '=';
  if (compact) return hash_bytes({label.name.data(), label.name.size() + 2 + label.value.size()});
  std::string joined(label.name);
  joined.append("=\"").append(label.value);
  return hash_bytes(joined);
}

std::uint64_t finish_hash(std::uint64_t sum) {
  const std::uint64_t hash = fold_product(sum ^ odd_b, odd_a);
  return hash == 0 ? 1 : hash;
}

bool HashSet::insert(std::uint64_t hash) {
  if (places_.size() < 2 * (count_ + 1)) grow();
  const std::size_t mask = places_.size() - 1;
  std::size_t at = hash & mask;
  for (; places_[at] != 0; at = (at + 1) & mask)
    if (places_[at] == hash) return false;
  places_[at] = hash;
  ++count_;
  return true;
}

void HashSet::insert_later(std::uint64_t hash) {
  if (!places_.empty()) __builtin_prefetch(&places_[hash & (places_.size() - 1)], 1);
  std::uint64_t& slot = queue_[queued_++ % queue_size];
  if (queued_ > queue_size) insert_queued(slot);
  slot = hash;
}

void HashSet::settle() {
  for (const std::size_t end = queued_; queued_ < end + queue_size;) {
    std::uint64_t& slot = queue_[queued_++ % queue_size];
    if (slot != 0) insert_queued(slot);
    slot = 0;
  }
  queued_ = 0;
}

void HashSet::insert_queued(std::uint64_t hash) {
  if (!insert(hash) && repeated_.size() < most_repeated) repeated_.push_back(hash);
}

void HashSet::grow() {
  constexpr std::size_t smallest = 64;
  std::vector<std::uint64_t> old(places_.empty() ? smallest : places_.size() * 2);
  old.swap(places_);
  const std::size_t mask = places_.size() - 1;
  for (const std::uint64_t hash : old) {
    if (hash == 0) continue;
    std::size_t at = hash & mask;
    while (places_[at] != 0) at = (at + 1) & mask;
    places_[at] = hash;
  }
}

}  // namespace pushmetrics
