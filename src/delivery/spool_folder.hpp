#pragma once

#include "delivery/spool_entry.hpp"
#include "delivery/spool_log.hpp"
#include "support/descriptor.hpp"
#include "support/file_lock.hpp"
#include "support/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pushmetrics {

/// An entry as it was read from its file.
struct StoredEntry {
  SpoolEntry entry;
  std::chrono::system_clock::time_point written;
};

/// Why an entry could not be read.
struct EntryError {
  enum class Kind {
    gone,        ///< delivered or replaced by another process meanwhile: nothing to report
    exhausted,   ///< no descriptor or no memory now: others could not be read either
    unreadable,  ///< an I/O error, say, that may pass: it stays
    foreign,     ///< another user's: left alone
    damaged      ///< will never be delivered: to be set aside
  };
  Kind kind;
  std::string reason;
};

/// Whether an entry's number can be a time; else it is somebody's invention.
bool is_time(std::uint64_t number);

/// The name of an entry's file.
std::string entry_name(std::uint64_t number);

/// The folder of one target in a spool, see Spool for what it holds. All access goes through one descriptor, so that
/// nothing moves to another place when somebody renames a directory or puts a link in its way.
class SpoolFolder {
 public:
  enum class Purpose {
    to_deliver,  ///< and to add and remove entries: root rejects a folder of another user's
    to_look      ///< at the names of the entries only
  };
  /// An error with the number ENOENT: nothing was ever spooled for the target.
  static Result<SpoolFolder> open(std::string path, Purpose purpose = Purpose::to_deliver);
  /// Makes it if need be.
  static Result<SpoolFolder> create(std::string path);

  const std::string& path() const { return path_; }

  /// Whether any entry waits, for little cost however many there are.
  Result<bool> has_entries() const;
  /// The numbers of all entries, ascending.
  Result<std::vector<std::uint64_t>> entries() const;
  /// Those of some entries, of all if there are no more than `limit`, in no order.
  std::vector<std::uint64_t> some_entries(std::size_t limit) const;
  /// When an entry was written. Nothing: it is gone, or cannot be looked at.
  std::optional<std::chrono::system_clock::time_point> written(std::uint64_t number) const;

  /// Reads no more than `limit` bytes: a larger one is damaged.
  std::variant<StoredEntry, EntryError> read(std::uint64_t number, std::uint64_t limit) const;

  enum class Durability {
    synced,
    unsynced  ///< it is there, but may be lost in a power failure: the directory could not be synced
  };
  /// Writes an entry under `number`, or the next one that is free, and stores that in `number`.
  Result<Durability> add(std::uint64_t& number, std::string_view text) const;
  /// Writes it in place of the one of that number.
  Result<Durability> replace(std::uint64_t number, std::string_view text) const;
  /// Removes an entry or, where the directory does not permit that, empties it, so that it is never read again. An
  /// error: it could not be done, and the entry is still there.
  Result<void> remove(std::uint64_t number) const;
  /// Renames it to `<number>.bad`; the name under which it is now.
  Result<std::string> set_aside(std::uint64_t number) const;

  /// The right to deliver what waits here.
  FileLock lock_for_delivery() const;
  /// The right to deliver pushes of one group.
  FileLock lock_group(std::uint64_t group) const;

  SpoolLog log() const { return SpoolLog(directory_.get()); }
  /// Begins a log where there is none, as for entries that somebody else put there: with one record for all of them, of
  /// a size that is estimated.
  void begin_log() const;
  /// Takes out of the log what is gone, and adds what is missing. The records that are left, by number.
  std::vector<SpoolRecord> compact_log() const;
  /// Removes temporary files of processes that did not live to rename them.
  void remove_stale_temporaries() const;

 private:
  SpoolFolder(std::string path, Descriptor directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  Descriptor open_file(const char* name, int flags) const;
  class Temporary;
  Result<void> write_temporary(std::uint64_t number, std::string_view text, Temporary& temporary) const;
  Durability sync() const;
  std::uint64_t size_of(std::uint64_t number) const;

  std::string path_;
  Descriptor directory_;
};

}  // namespace pushmetrics
