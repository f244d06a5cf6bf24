#pragma once

#include "delivery/delivery_queue.hpp"
#include "delivery/spool.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace pushmetrics {

/// What is to be known of a push that waited, or of the spool.
enum class SpoolNotice {
  delivered,  ///< late, but it was
  discarded,  ///< it never will be
  stays,      ///< it was not this time
  problem,    ///< with an entry: it cannot be read, say
  warning     ///< with all of them
};
/// Whole sentences.
using SpoolListener = std::function<void(SpoolNotice, const std::string&)>;

/// What waits in the spool for one target, as it is delivered: whatever is wrong with an entry has its consequence
/// here, and is reported.
class WaitingPushes {
 public:
  /// `spool` and `target` must outlive it.
  WaitingPushes(const Spool& spool, const Target& target, SpoolFolder folder, SpoolListener listener)
      : spool_(spool), target_(target), folder_(std::move(folder)), listener_(std::move(listener)) {}

  const SpoolFolder& folder() const { return folder_; }
  const Target& target() const { return target_; }

  /// Nothing: it is not to be delivered, for now or for ever.
  std::optional<StoredEntry> read(std::uint64_t number);

  /// After an attempt to deliver an entry: removes it, unless it may be delivered another time.
  void settle(std::uint64_t number, const StoredEntry& stored, const DeliveryResult& result);

  /// After an attempt that has delivered a part of an entry: stores the rest in its place.
  void keep_rest(std::uint64_t number, const StoredEntry& stored, const DeliveryResult& result);

  /// How many do not wait any more: delivered, discarded, or gone already.
  std::size_t settled() const { return settled_; }
  /// Why no other entry can be read now either; empty: nothing.
  const std::string& exhausted() const { return exhausted_; }

  /// Reports how many were left out: of each kind, only the first are reported.
  void report_rest() const;

 private:
  void remove(std::uint64_t number, const StoredEntry& stored);
  void report(SpoolNotice notice, const std::string& sentence);

  const Spool& spool_;
  const Target& target_;
  SpoolFolder folder_;
  SpoolListener listener_;
  std::size_t settled_ = 0;
  std::string exhausted_;
  /// How often each was to be reported.
  std::map<SpoolNotice, std::size_t> reported_;
};

}  // namespace pushmetrics
