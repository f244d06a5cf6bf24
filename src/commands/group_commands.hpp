#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// The subcommands on the groups that targets hold (SPEC.md, "`delete`, `list`, `prune`, `wipe`"). Each
/// returns the exit status.
int list_command(const std::vector<std::string>& arguments);
int delete_command(const std::vector<std::string>& arguments);
int prune_command(const std::vector<std::string>& arguments);
int wipe_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
