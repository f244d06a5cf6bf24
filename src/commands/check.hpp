#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// `pushmetrics check`. Returns the exit status.
int check_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
