#pragma once

#include "delivery/spool.hpp"
#include "metrics/group_labels.hpp"
#include "support/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pushmetrics {

/// An entry of a spool, without what it pushes.
struct SpooledPush {
  std::string target;
  GroupLabels group;
  /// When the samples were taken.
  std::chrono::system_clock::time_point when;
  /// Where it is: of no use but to SpooledPushes::remove().
  std::size_t folder;
  std::uint64_t number;
};

/// Some of the pushes of a spool, in order to remove them.
class SpooledPushes {
 public:
  using Filter = std::function<bool(const SpooledPush&)>;

  /// Those that pass the filter, by target, group and age. Nothing is changed. An error with the number ENOENT: there is
  /// no such directory.
  static Result<SpooledPushes> find(const Spool& spool, const Filter& filter);

  const std::vector<SpooledPush>& pushes() const { return pushes_; }
  /// Entries that could not be read, whole sentences.
  const std::vector<std::string>& problems() const { return problems_; }

  /// Discards one. One that is gone by now is no error.
  Result<void> remove(const SpooledPush& push) const { return folders_[push.folder].remove(push.number); }
  /// Takes out of the spool's logs what was removed.
  void compact(const Spool& spool) const;

 private:
  void read(const Spool& spool, std::size_t folder, const Filter& filter);

  std::vector<SpoolFolder> folders_;
  std::vector<SpooledPush> pushes_;
  std::vector<std::string> problems_;
};

}  // namespace pushmetrics
