#pragma once

#include <zlib.h>

#include <span>
#include <string>
#include <string_view>

namespace pushmetrics {

/// A text as gzip (RFC 1952), packed as it is asked for.
class GzipStream {
 public:
  /// `text` must outlive it. Throws std::bad_alloc.
  explicit GzipStream(std::string_view text);
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// Fills `place` with what comes next, and says how many bytes that is: less than there is room for only at
  /// the end.
  std::size_t read(std::span<char> place);
  /// Begins anew.
  void rewind();
  /// Begins anew, and packs all of it.
  std::string whole();

 private:
  std::string_view text_;
  std::string_view rest_;
  z_stream stream_{};
};

}  // namespace pushmetrics
