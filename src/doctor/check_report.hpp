#pragma once

#include "cli/table.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What one check of `doctor` found.
struct Finding {
  enum class Level {
    ok,
    warn,  ///< a push works all the same
    fail,  ///< no push would work
  };
  Level level = Level::ok;
  /// Of `name`, `connection`, `tls`, …: what was checked.
  std::string_view check;
  std::string message;
  /// How to fix it; empty for `ok` only.
  std::string remedy = {};
};

/// What was found of this machine (an empty target), or of a target.
struct CheckReport {
  std::string target;
  std::vector<Finding> findings;

  void ok(std::string_view check, std::string message);
  void warn(std::string_view check, std::string message, std::string remedy);
  void fail(std::string_view check, std::string message, std::string remedy);
};

/// Whether nothing failed.
bool is_healthy(const std::vector<CheckReport>& sections);

/// The findings in groups, the worst first: how many failed, warn or are ok. In each group one line a finding, and one
/// for its hint, under a line for each target.
std::string format_findings(const std::vector<CheckReport>& sections, Colours colours);

/// One document, whose members stay:
///
///     {"healthy": true,                      a push would work at every target
///      "findings": [{
///         "target": null,                    null: this machine
///         "check": "configuration",          or "secrets", "name", "connection", "tls", "authentication",
///                                            "directory", "version", "flags", "clock", "api", "groups",
///                                            "metrics", "push", "spool"
///         "status": "ok",                    or "warn", "fail"
///         "message": "…",
///         "remedy": null                     or how to fix it
///      }, …]}
std::string findings_json(const std::vector<CheckReport>& sections);

}  // namespace pushmetrics
