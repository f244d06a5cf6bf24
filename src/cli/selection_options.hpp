#pragma once

#include "cli/option_table.hpp"
#include "pushgateway/group_filter.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// `--match`: which of the groups are meant.
OptionSpec describe_match(GroupFilter& filter);
/// `--json`.
OptionSpec describe_json(bool& json, std::string_view help = "print one JSON document");
/// `--dry-run`.
OptionSpec describe_dry_run(bool& dry_run, std::string_view help = "only print what would be deleted");
/// `--yes`, for what cannot be taken back.
OptionSpec describe_yes(bool& yes, std::string_view help);

/// Asks on the terminal whether to do what cannot be taken back. False also where there is no terminal.
bool confirm(const std::string& question);

}  // namespace pushmetrics
