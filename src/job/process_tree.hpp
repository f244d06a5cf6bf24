#pragma once

#include <sys/types.h>

#include <vector>

namespace pushmetrics {

/// Whether this process has a controlling terminal.
bool has_controlling_terminal();

/// Whether `pid` is `ancestor` or descends from it, by what /proc says now.
bool descends_from(pid_t pid, pid_t ancestor);

/// `ancestor` and its living descendants, by what /proc says now; those that were orphaned are not found.
std::vector<pid_t> process_tree(pid_t ancestor);

}  // namespace pushmetrics
