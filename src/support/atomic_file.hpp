#pragma once

#include "support/result.hpp"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <variant>

namespace pushmetrics {

/// Writes `text` to `directory`/`name` whole or not at all, and on the disk when this returns: a temporary
/// file of the name `.NAME.tmp-XXXXXX`, fsync, rename, fsync of the directory. On failure nothing is left
/// behind, and what was there before still is; unless only the last of these failed.
Result<void> write_atomically(const std::string& directory, const std::string& name, std::string_view text,
                              mode_t mode);

/// Makes a directory and those above it, of mode 0700 where they are new.
Result<void> make_directories(const std::string& directory);

}  // namespace pushmetrics
