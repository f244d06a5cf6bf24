#pragma once

#include "support/descriptor.hpp"
#include "support/result.hpp"

#include <sys/types.h>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace pushmetrics {

/// A file opened for reading that is one: of a FIFO or a device, which somebody may have put there, the
/// reading might wait or never end.
class RegularFile {
 public:
  enum class Links { followed, refused };
  static Result<RegularFile> open(const std::string& path, Links links);

  /// In bytes, when it was opened.
  std::size_t size() const { return size_; }
  uid_t owner() const { return owner_; }

  /// What it held when it was opened, up to `limit` bytes.
  Result<std::string> read(std::size_t limit = std::numeric_limits<std::size_t>::max()) const;

 private:
  Descriptor descriptor_;
  std::size_t size_ = 0;
  uid_t owner_ = 0;
};

/// What a directory holds, but for `.` and `..`, in no order.
Result<std::vector<std::string>> list_directory(const std::string& directory);

/// What a directory holds, but for `.` and `..`, in no order; nothing, if it cannot be read.
std::vector<std::string> names_in(const std::string& directory);

}  // namespace pushmetrics
