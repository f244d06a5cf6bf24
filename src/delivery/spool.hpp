#pragma once

#include "delivery/spool_folder.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pushmetrics {

/// What a spool may hold.
struct SpoolLimits {
  std::uint64_t max_bytes = std::uint64_t{64} << 20;
  Duration max_age = std::chrono::hours(7 * 24);
};

/// Pushes that could not be delivered, on disk: a folder a target, in it a file an entry (SPEC.md, "Delivery").
///
///     DIR/<hash of the target>/<number>.push    entries, the lower number the older
///     DIR/<hash of the target>/<number>.bad     set aside: damaged, or of a later version
///     DIR/<hash of the target>/order            see SpoolLog
///     DIR/<hash of the target>/delivery         locked by the one process that delivers; bytes of it, by those that
///                                               push to one group
///     DIR/waiting                               is there when an entry is, for whoever can look for a file only, such
///                                               as a path unit of systemd; it may outlast the last entry
///
/// A number is the time at which the samples were taken, in nanoseconds, so that the order holds however long each push
/// was tried; after the clock was set back, numbers go on from the last one. An entry is removed once it was delivered,
/// or once a newer push of its group, which replaces it, was delivered or spooled. A crash between delivery and removal
/// delivers it again.
class Spool {
 public:
  Spool(std::string directory, SpoolLimits limits) : directory_(std::move(directory)), limits_(limits) {}

  /// Root's, and what the system's units watch.
  static constexpr const char* system_directory = "/var/lib/pushmetrics";

  /// The file that is there when an entry is.
  static constexpr const char* mark_name = "waiting";
  /// Whether it may be the folder of a target.
  static bool is_folder_name(std::string_view name);

  /// $STATE_DIRECTORY, else $XDG_STATE_HOME/pushmetrics, else /var/lib/pushmetrics for root and
  /// ~/.local/state/pushmetrics for others; empty where there is none of these.
  static std::string default_directory();

  const std::string& directory() const { return directory_; }
  const SpoolLimits& limits() const { return limits_; }

  /// Whether what is there may be used: root is not led to another user's directory, nor by another user's link.
  Result<void> check_directory() const;

  /// The folder of a target. An error with the number ENOENT: nothing was ever spooled for it.
  Result<SpoolFolder> open(const std::string& target) const;

  /// Those of all targets; what kept it from opening one goes to `problems`, whole sentences. An error with the number
  /// ENOENT: there is no such directory.
  Result<std::vector<SpoolFolder>> folders(std::vector<std::string>& problems) const;

  struct Waiting {
    std::size_t count = 0;
    std::optional<std::chrono::system_clock::time_point> oldest = std::nullopt;
    /// What kept it from looking further, whole sentences.
    std::vector<std::string> problems = {};
  };
  /// What waits in all. Nothing is changed. An error with the number ENOENT: there is no such directory.
  Result<Waiting> look() const;

  /// Whether any entry waits, for little cost however many there are. False where there is no such directory.
  Result<bool> has_entries() const;
  /// Removes the file `waiting` if no entry is there. True: none is.
  bool remove_mark() const;

  struct Targets {
    std::vector<std::string> names;
    /// What kept it from looking further, whole sentences.
    std::vector<std::string> problems = {};
  };
  /// The targets for which something waits. Damaged entries found on the way are set aside. An error with the number
  /// ENOENT: there is no such directory.
  Result<Targets> find_targets() const;

  struct Stored {
    bool is_synced = true;
    /// What was discarded because of the limits, whole sentences.
    std::vector<std::string> discarded = {};
  };
  /// Writes an entry, whole and synced. Drops older ones that it replaces, and whatever is over the limits. Where a
  /// newer one waits that replaces it, nothing is written.
  Result<Stored> store(const std::string& target, const Push& push) const;

  using Clock = std::chrono::steady_clock;
  /// The older entries of the push's group that it does not replace whole, oldest first: as far as the log shows, and
  /// as they can be found until then.
  std::vector<std::uint64_t> older_of_group(const SpoolFolder& folder, const std::string& target,
                                            const Push& push, Clock::time_point until) const;
  /// After `push` was delivered: takes out of older entries of its group what it has replaced, so that none of that is
  /// delivered after it. Problems, whole sentences; one is that there were too many to be done until then.
  std::vector<std::string> supersede(const SpoolFolder& folder, const std::string& target, const Push& push,
                                     Clock::time_point until) const;

  std::variant<StoredEntry, EntryError> read(const SpoolFolder& folder, std::uint64_t number) const;

  /// Puts an entry out of the way that can never be delivered. What was done, a whole sentence.
  static std::string set_aside(const SpoolFolder& folder, std::uint64_t number, const std::string& reason);

  /// Identifies a group in the log and in locks; never 0.
  static std::uint64_t group_hash(const GroupingKey& group);

 private:
  void set_mark() const;
  std::size_t for_older_of_group(const SpoolFolder& folder, const Push& push, Clock::time_point until,
                                 const std::function<void(std::uint64_t, const SpoolEntry&)>& visit) const;
  std::size_t discard_expired(const SpoolFolder& folder, const std::vector<std::uint64_t>& numbers,
                              std::vector<std::string>& discarded) const;
  void discard_excess(const SpoolFolder& written_to, std::uint64_t written, std::uint64_t bytes_there,
                      std::vector<std::string>& discarded) const;

  std::string directory_;
  SpoolLimits limits_;
};

}  // namespace pushmetrics
