#pragma once

#include "delivery/spool_entry.hpp"
#include "support/descriptor.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// What a spool may hold.
struct SpoolLimits {
  std::uint64_t max_bytes = std::uint64_t{64} << 20;
  Duration max_age = std::chrono::hours(7 * 24);
};

/// Pushes that could not be delivered, on disk: a folder a target, in it a file an entry (SPEC.md,
/// "Delivery").
///
///     DIR/<hash of the target>/<sequence number>.push    entries, the lower number the older
///     DIR/<hash of the target>/<sequence number>.bad     set aside: damaged, or of a later version
///     DIR/<hash of the target>/order                     held (flock) while an entry is numbered and
///                                                        written, unless somebody keeps it too long
///     DIR/<hash of the target>/delivery                  held by the one process that delivers
///
/// An entry is removed once it was delivered. A crash between the two delivers it again; no other push of its
/// group can have come between, since the lock is the deliverer's and its order is that of the numbers.
class Spool {
 public:
  Spool(std::string directory, SpoolLimits limits) : directory_(std::move(directory)), limits_(limits) {}

  /// $STATE_DIRECTORY, else $XDG_STATE_HOME/pushmetrics, else ~/.local/state/pushmetrics, else
  /// /var/lib/pushmetrics for root; empty where there is none of these.
  static std::string default_directory();

  const std::string& directory() const { return directory_; }

  /// One file of the spool, by name.
  struct Item {
    std::string path;
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::chrono::system_clock::time_point written;
  };
  /// What waits for a target, oldest first. Nothing is changed.
  std::vector<Item> waiting(const std::string& target) const;
  /// The targets for which something waits.
  std::vector<std::string> targets() const;

  /// Writes an entry, whole and synced, and drops older ones that it replaces and whatever is over the
  /// limits; of the latter it tells in `dropped`, whole sentences.
  Result<void> store(const std::string& target, const Push& push, std::vector<std::string>& dropped);

  /// An entry read from its file. What cannot be read is set aside, told in `problems`, and nothing.
  std::optional<SpoolEntry> read(const Item& item, std::vector<std::string>& problems) const;
  void remove(const Item& item) const;

  /// Drops what is over the age limit, and says so.
  void drop_old(const std::string& target, std::vector<std::string>& dropped) const;

  /// The right to deliver what waits for a target; nothing while another process has it.
  std::optional<Descriptor> lock_for_delivery(const std::string& target) const;

 private:
  std::string folder(const std::string& target) const;
  std::vector<Item> items_in(const std::string& folder) const;
  void drop_replaced(const std::vector<Item>& older, const SpoolEntry& newer) const;
  void drop_oldest(std::vector<std::string>& dropped) const;

  std::string directory_;
  SpoolLimits limits_;
};

}  // namespace pushmetrics
