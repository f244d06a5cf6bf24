#pragma once

#include <span>
#include <string_view>

namespace pushmetrics {

/// What one read gives of a file such as those of /proc, as far as it fits into `buffer`; empty: it cannot be read.
std::string_view read_small_file(const char* path, std::span<char> buffer);

}  // namespace pushmetrics
