#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// `pushmetrics run`. Returns the exit status.
int run_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
