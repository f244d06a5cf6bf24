#pragma once

#include "support/descriptor.hpp"
#include "support/result.hpp"

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace pushmetrics {

/// A regular file opened for reading. A FIFO or a device in its place is rejected: reading it could block or
/// never end.
class RegularFile {
 public:
  enum class Links { followed, refused };
  static Result<RegularFile> open(const std::string& path, Links links);

  /// Size in bytes when it was opened.
  std::size_t size() const { return size_; }
  uid_t owner() const { return owner_; }

  /// Its contents when it was opened, or the first `limit` bytes of them.
  Result<std::string> read(std::size_t limit) const;
  /// Its contents when it was opened; an error if it is larger than `limit`.
  Result<std::string> read_whole(std::size_t limit) const;

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
