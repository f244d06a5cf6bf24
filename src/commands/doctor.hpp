#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

/// `pushmetrics doctor`. Returns the exit status: 0 only if a push would work at every target.
int doctor_command(const std::vector<std::string>& arguments);

}  // namespace pushmetrics
