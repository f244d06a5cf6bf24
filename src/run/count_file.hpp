#pragma once

#include "metrics/grouping_key.hpp"
#include "run/run_counts.hpp"
#include "support/descriptor.hpp"
#include "support/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The counts of a group's runs on this machine.
struct KeptCounts {
  enum class Extent {
    all,       ///< and what the targets reported of runs before, or elsewhere
    here_only  ///< no target could be asked yet: to be added to what they hold
  };
  RunCounts counts;
  Extent extent = Extent::all;
  /// The runs that were counted last, by their start (nanoseconds of Unix time).
  std::vector<std::uint64_t> counted = {};
};

/// Counts a run that began at `start`, unless it was counted before: whoever counted it may have been killed then.
void count_once(KeptCounts& kept, RunEnd end, std::uint64_t start);

/// As the text of a file. `prefix` begins the names of the run's metrics.
std::string write_kept_counts(const KeptCounts& kept, const GroupLabels& group, std::string_view prefix);
/// Nothing: the text is damaged, or another group's.
std::optional<KeptCounts> read_kept_counts(std::string_view text, const GroupLabels& group,
                                           std::string_view prefix);

/// Keeps them on disk, beside the spool:
///
///     DIR/counts/<group>-<prefix>.counts   the counts, this run's included
///     DIR/counts/<group>-<prefix>.file     held (flock) while that is read and written
///     DIR/counts/<group>-<prefix>.turn     held by the run whose push is under way
class CountFile {
 public:
  /// `directory` is the spool's; empty: there is none, and every call says so. `prefix` begins the names of
  /// the run's metrics.
  CountFile(const std::string& directory, const GroupingKey& group, std::string prefix);

  enum class Lock { file, turn };
  /// Nothing while somebody else holds it. Makes the directory.
  Result<std::optional<Descriptor>> try_lock(Lock which) const;

  /// Nothing: none were kept yet.
  Result<std::optional<KeptCounts>> read() const;
  Result<void> write(const KeptCounts& kept) const;

 private:
  std::string path() const;

  std::string directory_;
  GroupLabels group_;
  std::string prefix_;
  std::string stem_;
};

}  // namespace pushmetrics
