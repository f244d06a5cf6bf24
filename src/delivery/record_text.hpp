#pragma once

#include "metrics/family.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What the files of the state directory have in common: lines `NAME VALUE`, whose last one is a checksum.

/// crc32 as zlib has it, of two texts taken together; eight hexadecimal digits.
std::string checksum(std::string_view head, std::string_view body = {});

/// Takes the line `NAME VALUE`, or `NAME` alone, off the text; nothing if another line comes first.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view name);

/// Takes the lines `label NAME VALUE` off the text, whose values are percent-encoded.
std::vector<Label> take_labels(std::string_view& text);
/// Those lines.
std::string label_lines(const std::vector<Label>& labels);

/// All of the text as a number.
template <typename Number>
std::optional<Number> to_number(std::optional<std::string_view> text, int base = 10) {
  Number number = 0;
  if (!text) return std::nullopt;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, number, base);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

}  // namespace pushmetrics
