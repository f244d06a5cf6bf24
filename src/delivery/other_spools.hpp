#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// A spool that is not the one that was asked for, and contains pushes.
struct OtherSpool {
  std::string directory;
  uid_t owner = 0;
  /// The login name, or the number if there is none.
  std::string owner_name;
  std::size_t count = 0;
  /// When the oldest samples were taken.
  std::chrono::system_clock::time_point oldest;

  /// `2 pushes of user alice are spooled in /home/alice/.local/state/pushmetrics, the oldest for 3h 5m`.
  std::string describe() const;
  /// What delivers them.
  std::string hint() const;
};

/// Looks for spools where pushmetrics puts them by default: for root, in the home of each user of /etc/passwd and under
/// /home, and as the state directory of a unit. Those that this user may not read are left out, and so is `known`.
/// Nothing is changed, and no entry is opened: it may belong to anybody.
std::vector<OtherSpool> find_other_spools(const std::string& known);

}  // namespace pushmetrics
