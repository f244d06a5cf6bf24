#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// `pushmetrics step`, from inside a job of `pushmetrics run`. Returns the exit status of the step's command, or dies of its
/// signal.
int step_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
