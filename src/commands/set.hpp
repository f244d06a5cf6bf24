#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// `pushmetrics set`, from inside a job. Returns the exit status.
int set_command(const std::vector<std::string>& arguments);
/// `pushmetrics add`, likewise.
int add_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
