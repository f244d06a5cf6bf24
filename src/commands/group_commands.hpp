#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// The subcommands `list`, `delete`, `prune` and `wipe` (pushmetrics(1), SUBCOMMANDS). Each returns the exit
/// status.
int list_command(const std::vector<std::string>& arguments);
int delete_command(const std::vector<std::string>& arguments);
int prune_command(const std::vector<std::string>& arguments);
int wipe_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
