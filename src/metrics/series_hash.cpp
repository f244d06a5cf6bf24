#include "metrics/series_hash.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace pushmetrics {
namespace {

/// Enough for every error that is reported.
constexpr std::size_t most_repeated = 1000;
/// Slots.
constexpr std::size_t smallest = 64;

}  // namespace

HashSet::HashSet(std::size_t expected) : places_(std::bit_ceil(std::max(smallest, 2 * expected))) {}

bool HashSet::insert(std::uint64_t hash) {
  if (places_.size() < 2 * (count_ + 1)) grow();
  const std::size_t mask = places_.size() - 1;
  std::size_t at = static_cast<std::size_t>(hash) & mask;
  for (; places_[at] != 0; at = (at + 1) & mask)
    if (places_[at] == hash) return false;
  places_[at] = hash;
  ++count_;
  return true;
}

void HashSet::insert_later(std::uint64_t hash) {
  __builtin_prefetch(&places_[static_cast<std::size_t>(hash) & (places_.size() - 1)], 1);
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
  const ZeroedWords old = std::exchange(places_, ZeroedWords(places_.size() * 2));
  const std::size_t mask = places_.size() - 1;
  for (const std::uint64_t hash : old.all()) {
    if (hash == 0) continue;
    std::size_t at = static_cast<std::size_t>(hash) & mask;
    while (places_[at] != 0) at = (at + 1) & mask;
    places_[at] = hash;
  }
}

}  // namespace pushmetrics
