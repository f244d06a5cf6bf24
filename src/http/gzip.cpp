#include "http/gzip.hpp"

#include <algorithm>
#include <limits>
#include <new>

namespace pushmetrics {
namespace {

/// zlib uses 32-bit sizes.
uInt countable(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

}  // namespace

GzipStream::GzipStream(std::string_view text) : text_(text), rest_(text) {
  constexpr int window_bits = 15 + 16;  // 16: with gzip's header and trailer
  constexpr int memory_level = 8;
  // The fastest level: a higher one saves a tenth of the size but takes several times as long.
  if (::deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw std::bad_alloc();
}

GzipStream::~GzipStream() { ::deflateEnd(&stream_); }

std::size_t GzipStream::read(std::span<char> place) {
  stream_.next_out = reinterpret_cast<Bytef*>(place.data());
  stream_.avail_out = countable(place.size());
  const uInt room = stream_.avail_out;
  int result = Z_OK;
  while (result == Z_OK && stream_.avail_out > 0) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream_.avail_in = countable(rest_.size());
    const uInt given = stream_.avail_in;
    result = ::deflate(&stream_, given == rest_.size() ? Z_FINISH : Z_NO_FLUSH);
    rest_.remove_prefix(given - stream_.avail_in);
  }
  is_finished_ = result == Z_STREAM_END;
  return room - stream_.avail_out;
}

void GzipStream::rewind() {
  rest_ = text_;
  is_finished_ = false;
  ::deflateReset(&stream_);
}

std::string GzipStream::whole() {
  constexpr std::size_t piece = std::size_t{64} << 10;
  rewind();
  std::string packed;
  std::size_t size = 0;
  for (bool ended = false; !ended;) {
    packed.resize(size + piece);
    const std::size_t count = read(std::span(packed).subspan(size));
    size += count;
    ended = count < piece;
  }
  packed.resize(size);
  return packed;
}

}  // namespace pushmetrics
