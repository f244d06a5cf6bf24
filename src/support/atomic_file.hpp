#pragma once

#include "support/result.hpp"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <variant>

namespace pushmetrics {

/// Writes `text` to `directory`/`name` completely or not at all, and synced to disk: a temporary file named
/// `.NAME.tmp-XXXXXX`, fsync, rename, fsync of the directory. On failure no file is left behind and the
/// previous one stays, unless only the last step failed.
Result<void> write_atomically(const std::string& directory, const std::string& name, std::string_view text,
                              mode_t mode);

/// Creates a directory and its parents; new ones get mode 0700.
Result<void> make_directories(const std::string& directory);

}  // namespace pushmetrics
