#pragma once

#include "metrics/grouping_key.hpp"
#include "run/run_totals.hpp"
#include "support/descriptor.hpp"
#include "support/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The totals of a group's runs, as they are kept on this machine.
struct KeptTotals {
  KnownTotals known = {};
  /// The runs that were counted last, by their start (nanoseconds of Unix time).
  std::vector<std::uint64_t> counted = {};
};

/// Adds a run that began at `start`, unless it was added before: whoever did may have been killed then. `held` as for
/// add_run().
void add_once(KeptTotals& kept, const RunTotals& share, std::uint64_t start,
              const std::optional<RunTotals>& held);

/// As the text of a file. `prefix` begins the names of the run's metrics.
std::string write_kept_totals(const KeptTotals& kept, const GroupLabels& group, std::string_view prefix);
/// Nothing: the text is damaged, or another group's.
std::optional<KeptTotals> read_kept_totals(std::string_view text, const GroupLabels& group,
                                           std::string_view prefix);

/// Keeps them on disk, beside the spool:
///
///     DIR/counts/<group>-<prefix>.counts   the totals, this run's share included
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
  Result<std::optional<KeptTotals>> read() const;
  Result<void> write(const KeptTotals& kept) const;

 private:
  std::string path() const;

  std::string directory_;
  GroupLabels group_;
  std::string prefix_;
  std::string stem_;
};

}  // namespace pushmetrics
