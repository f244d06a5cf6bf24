#pragma once

#include "cli/console.hpp"
#include "groups/group_client.hpp"
#include "groups/group_json.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// How `delete` and `prune` print their progress.
struct RemovalOptions {
  bool dry_run = false;
  bool json = false;
};

/// Prints each group that was, or would be, deleted, and keeps the exit status.
class RemovalReport {
 public:
  RemovalReport(const RemovalOptions& options, const Console& console);

  void begin_target(std::string_view name, GroupSnapshot::Time now);
  /// Nothing (more) can be done at this target.
  void fail(const std::string& why, std::string_view hint = {});
  void add(const Removal& removal);
  /// Call after the last group of a target.
  void end_target();
  /// Prints the rest. Returns the exit status.
  int finish();

 private:
  void print(std::string_view line);

  const RemovalOptions& options_;
  const Console& console_;
  GroupDocument document_;
  std::string target_;
  GroupSnapshot::Time now_;
  std::size_t not_tried_ = 0;
  bool output_failed_ = false;
  int status_ = exit_done;
};

/// Deletes the groups, or with --dry-run prints what would be deleted.
void remove_groups(GroupClient& session, const GroupPlace& place, const std::vector<GroupSnapshot>& groups,
                   const RemovalOptions& options, RemovalReport& report);

}  // namespace pushmetrics
