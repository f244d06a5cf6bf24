#pragma once

#include "support/text.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pushmetrics {

/// Appends the fields of a Protocol Buffers message to a string: as much of the encoding as remote write and OTLP need.
class ProtobufWriter {
 public:
  /// `out` must outlive it.
  explicit ProtobufWriter(std::string& out) : out_(out) {}

  void varint_field(unsigned field, std::uint64_t number) {
    tag(field, WireType::varint);
    varint(number);
  }
  void fixed64_field(unsigned field, std::uint64_t number) {
    tag(field, WireType::fixed64);
    fixed64(number);
  }
  void double_field(unsigned field, double number) {
    fixed64_field(field, std::bit_cast<std::uint64_t>(number));
  }
  /// A string, which has to be UTF-8: any other bytes become U+FFFD.
  void text_field(unsigned field, std::string_view text) {
    if (is_valid_utf8(text)) return bytes_field(field, text);
    std::string repaired;
    while (!text.empty()) {
      const std::string_view character = next_character(text);
      text.remove_prefix(character.size());
      repaired += is_valid_utf8(character) ? character : "\xEF\xBF\xBD";
    }
    bytes_field(field, repaired);
  }
  /// A string that is UTF-8, or bytes.
  void bytes_field(unsigned field, std::string_view bytes) {
    tag(field, WireType::length_delimited);
    varint(bytes.size());
    out_ += bytes;
  }
  /// A message, or a packed list: whatever `fill` appends.
  template <typename Fill>
  void message_field(unsigned field, const Fill& fill) {
    tag(field, WireType::length_delimited);
    const std::size_t begin = out_.size();
    fill();
    insert_length(begin);
  }

  // Elements of a packed list.
  void varint(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7U) out_ += static_cast<char>(number | 0x80U);
    out_ += static_cast<char>(number);
  }
  void fixed64(std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8) out_ += static_cast<char>(number >> shift);
  }
  void fixed64(double number) { fixed64(std::bit_cast<std::uint64_t>(number)); }

 private:
  enum class WireType : unsigned { varint = 0, fixed64 = 1, length_delimited = 2 };

  void tag(unsigned field, WireType type) { varint(field << 3U | static_cast<unsigned>(type)); }
  /// The length is known only once the content has been written: it goes before that.
  void insert_length(std::size_t begin) {
    char digits[10];
    std::size_t count = 0;
    std::uint64_t length = out_.size() - begin;
    for (; length >= 0x80; length >>= 7U) digits[count++] = static_cast<char>(length | 0x80U);
    digits[count++] = static_cast<char>(length);
    out_.insert(begin, digits, count);
  }

  std::string& out_;
};

}  // namespace pushmetrics
