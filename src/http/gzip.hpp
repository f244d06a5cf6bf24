#pragma once

#include <zlib.h>

#include <span>
#include <string>
#include <string_view>

namespace pushmetrics {

/// A text as gzip (RFC 1952), compressed on demand.
class GzipStream {
 public:
  /// `text` must outlive this object. Throws std::bad_alloc.
  explicit GzipStream(std::string_view text);
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// Writes the next bytes to `place` and returns their number, which is less than its size only at the end.
  std::size_t read(std::span<char> place);
  /// Whether everything has been read.
  bool is_finished() const { return is_finished_; }
  /// Starts again from the beginning.
  void rewind();
  /// Starts again from the beginning, and compresses everything.
  std::string whole();

 private:
  std::string_view text_;
  std::string_view rest_;
  z_stream stream_{};
  bool is_finished_ = false;
};

}  // namespace pushmetrics
