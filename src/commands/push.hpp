#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// `pushmetrics push`. Returns the exit status.
int push_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
