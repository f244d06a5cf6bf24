#pragma once

#include "sinks/group_store.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace pushmetrics {

/// What `list`, `delete`, `prune` and `wipe` print under --json: one document, UTF-8, whose members stay:
///
///     {"targets": [{
///        "target": "http://localhost:9091",         without user and password
///        "error": null,                             or why nothing, or not all, could be done there
///        "groups": [{                               not of `wipe`
///          "labels": {"job": "backup", …},          the grouping key
///          "path": "/metrics/job/backup",           which names exactly this group, whatever its bytes
///          "last_push_time": 1795414981.19,         Unix time; null: never
///          "last_push_failure_time": null,          Unix time; null: never
///
///          "last_push_successful": true,            of `list` only, as are those that follow
///          "state": "ok",                           "ok", "running", "overdue", "failed",
///                                                   "interrupted", "push failed"
///          "success": true,                         null where the group has no such metric, as are
///          "interrupted": false,                    those up to families
///          "duration_seconds": 12.5,
///          "running": false,
///          "last_success_time": 1795414981,
///          "expected_interval_seconds": 86400,
///          "runs_succeeded": 30,
///          "runs_failed": 2,
///          "runs_interrupted": 0,
///          "consecutive_failures": 0,
///          "families": 9,                           without push_time_seconds and push_failure_time_seconds
///          "series": 9,
///
///          "deleted": true,                         of `delete` and `prune` only; false under --dry-run
///          "error": null                            why it was not deleted
///        }, …],
///        "wiped": true                              of `wipe` only
///     }, …],
///     "dry_run": false}                             of `delete` and `prune` only
class GroupDocument {
 public:
  GroupDocument();
  ~GroupDocument();
  GroupDocument(const GroupDocument&) = delete;
  GroupDocument& operator=(const GroupDocument&) = delete;

  /// What is added from now on belongs to this target.
  void begin_target(std::string_view name);
  void set_error(std::string_view error);
  void set_wiped(bool wiped);
  void set_dry_run(bool dry_run);
  void add_listed(const GroupSnapshot& group, GroupSnapshot::Time now);
  /// Empty `error`: none.
  void add_removed(const GroupSnapshot& group, bool deleted, std::string_view error);

  std::string text() const;

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace pushmetrics
