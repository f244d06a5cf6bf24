#pragma once

#include "support/result.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// The secret on the first line of a file, or of a FIFO as `<(pass show gateway)` is one, for whose writer
/// two seconds are waited. What makes it unfit or unsafe goes into `problems`.
std::string read_secret_file(const std::string& path, std::vector<std::string>& problems);

}  // namespace pushmetrics
