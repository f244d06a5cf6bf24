#pragma once

#include "support/descriptor.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace pushmetrics {

/// What the log of a spool's folder says of one entry.
struct SpoolRecord {
  std::uint64_t number = 0;
  std::uint64_t group = 0;  ///< Spool::group_hash(); 0: unknown
  std::uint64_t bytes = 0;
  /// It was attempted, and stays because of its own: see Backlog.
  bool has_failed = false;
};

/// The file `order` of a spool's folder: a line for each entry that is written there, so that those of one group, and
/// how much there is in all, are found without reading every entry.
///
///     NUMBER GROUP BYTES      an entry is about to be written
///     NUMBER GROUP failed     its delivery was attempted in vain
///
/// It gives hints, no more: an entry may be gone, or have no line. Writers append a line at once, and nobody waits for
/// a lock.
class SpoolLog {
 public:
  /// `directory` must stay open as long.
  explicit SpoolLog(int directory) : directory_(directory) {}

  bool exists() const;
  /// Calls `visit` with each line as it was written; one of a failure has no size. Takes little memory, and a few
  /// milliseconds for 100,000 lines. Of a file that has grown beyond all measure, the newest lines only.
  void for_each(const std::function<void(const SpoolRecord&)>& visit) const;
  /// In the order in which they were written, a failure with the record that it is of.
  std::vector<SpoolRecord> read() const;
  /// As long as what it returns is open, rewrite() leaves the log as it is: whoever appends the line of an entry that is
  /// not there yet keeps it until it is.
  Descriptor append(const SpoolRecord& record) const;

  /// Puts what `change` makes of the records in their place, unless others write there at this moment. Returns it in
  /// any case.
  std::vector<SpoolRecord> rewrite(
      const std::function<std::vector<SpoolRecord>(std::vector<SpoolRecord>)>& change) const;

 private:
  Descriptor open_file(int flags) const;

  int directory_;
};

}  // namespace pushmetrics
