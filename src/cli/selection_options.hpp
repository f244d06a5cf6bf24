#pragma once

#include "cli/option_table.hpp"
#include "pushgateway/group_filter.hpp"

namespace pushmetrics {

/// `--match`: which of the groups are meant.
OptionSpec describe_match(GroupFilter& filter);
/// `--json`.
OptionSpec describe_json(bool& json);
/// `--dry-run`.
OptionSpec describe_dry_run(bool& dry_run);
/// `--yes`, for what cannot be taken back.
OptionSpec describe_yes(bool& yes, std::string_view help);

}  // namespace pushmetrics
