#pragma once

#include "cli/console.hpp"
#include "cli/option_table.hpp"
#include "metrics/grouping_key.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// The group (pushmetrics(1), OPTIONS).
struct GroupOptions {
  std::optional<std::string> job;
  std::optional<std::string> instance;
  bool instance_is_hostname = false;
  std::vector<Label> labels;
  bool allow_high_cardinality = false;
};

OptionGroup describe(GroupOptions& options);

/// The grouping key; `default_job` where no job is named, an error where that is empty, too.
Result<GroupingKey> make_group(const GroupOptions& options, std::string default_job);

/// This machine's; empty, if it cannot be had.
std::string host_name();

/// Warns once for all labels that look as if each run had a value of its own, and of values that end in a line end.
void warn_of_high_cardinality(const GroupingKey& group, const GroupOptions& options, const Console& console);

}  // namespace pushmetrics
