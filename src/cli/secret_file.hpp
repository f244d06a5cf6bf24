#pragma once

#include "support/event_loop.hpp"
#include "support/result.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// The secret on the first line of a file, or of a FIFO such as `<(pass show gateway)`. The event loop waits for it, two
/// seconds at most. What makes it unfit or unsafe goes into `problems`.
std::string read_secret_file(EventLoop& loop, const std::string& path, std::vector<std::string>& problems);

}  // namespace pushmetrics
