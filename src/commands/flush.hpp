#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// `pushmetrics flush`. Returns the exit status.
int flush_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
