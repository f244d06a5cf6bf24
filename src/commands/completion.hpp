#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// `pushmetrics completion SHELL`. Returns the exit status.
int completion_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
