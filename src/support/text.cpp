#include "support/text.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace pushmetrics {
namespace {

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

/// Length of the well-formed UTF-8 sequence at `at`, or 0 (Unicode standard, table 3-7).
std::size_t utf8_sequence(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (std::size_t i = 1; i < length; ++i)
    if (!is_continuation(text, at + i)) return 0;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second > 0x9F;
  const bool too_large = lead == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

bool is_c1_control(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

/// Line separators (U+2028, U+2029) and direction controls (U+200E, U+200F, U+202A to U+202E, U+2066 to
/// U+2069), which would make a text look different from what it is.
bool is_layout_control(std::string_view sequence) {
  if (sequence.size() != 3 || sequence[0] != '\xE2') return false;
  const auto last = static_cast<unsigned char>(sequence[2]);
  if (sequence[1] == '\x80') return last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE);
  return sequence[1] == '\x81' && last >= 0xA6 && last <= 0xA9;
}

bool is_broken(std::string_view character) {
  return character.size() == 1 && static_cast<unsigned char>(character[0]) >= 0x80;
}

/// Spaces that look like U+0020 and are none, and what has no width: soft hyphen, zero-width space and joiners, word
/// joiner and invisible operators, the byte order mark.
bool is_invisible(char32_t code) {
  return code == 0xA0 || code == 0xAD || code == 0x1680 || code == 0x180E ||
         (code >= 0x2000 && code <= 0x200F) || code == 0x202F || (code >= 0x205F && code <= 0x2064) ||
         code == 0x3000 || code == 0xFEFF;
}

/// What a terminal doesn't show as it is.
bool is_hidden(std::string_view character) {
  const char32_t code = code_point(character);
  return is_broken(character) || code < ' ' || code == 0x7F || is_c1_control(character) ||
         is_layout_control(character) || is_invisible(code);
}

void append_visible(std::string& out, std::string_view character) {
  const char32_t code = code_point(character);
  std::array<char, 16> escape{};
  if (!is_hidden(character))
    out += character;
  else if (code == '\n' || code == '\r' || code == '\t')
    out.append("\\") += code == '\n' ? 'n' : code == '\r' ? 'r' : 't';
  else if (const auto byte = static_cast<unsigned char>(character[0]); character.size() == 1)
    out.append(escape.data(),
               static_cast<std::size_t>(std::snprintf(escape.data(), escape.size(), "\\x%02x", byte)));
  else
    out.append(escape.data(), static_cast<std::size_t>(std::snprintf(escape.data(), escape.size(), "\\u%04x",
                                                                     static_cast<unsigned>(code))));
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string clean;
  bool space_due = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence(text, at);
    const std::string_view sequence = text.substr(at, length == 0 ? 1 : length);
    at += sequence.size();
    const auto first = static_cast<unsigned char>(sequence[0]);
    if (length == 0 || first <= ' ' || first == 0x7F || is_c1_control(sequence) ||
        is_layout_control(sequence)) {
      space_due = !clean.empty();
      continue;
    }
    if (clean.size() + sequence.size() + (space_due ? 1 : 0) > limit) return clean + "...";
    if (space_due) clean += ' ';
    space_due = false;
    clean += sequence;
  }
  return clean;
}

std::string_view next_character(std::string_view text) {
  const std::size_t length = utf8_sequence(text, 0);
  return text.substr(0, length == 0 ? 1 : length);
}

char32_t code_point(std::string_view character) {
  if (utf8_sequence(character, 0) != character.size()) return 0xFFFD;
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead;
  char32_t code = lead & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1)) code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

std::string escaped_for_terminal(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const std::string_view character = next_character(text);
    const char32_t code = code_point(character);
    text.remove_prefix(character.size());
    if (code == '\n') {
      out += "\\n";
    } else if (code == '"' || code == '\\') {
      out.append("\\").append(character);
    } else if (is_hidden(character)) {
      for (const char c : character) {
        const auto byte = static_cast<unsigned char>(c);
        out.append("\\x") += hex[byte >> 4U];
        out += hex[byte & 15U];
      }
    } else {
      out += character;
    }
  }
  return out;
}

std::string visible(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = out.size();
    const std::string_view character = next_character(text);
    append_visible(out, character);
    if (out.size() > limit) return out.replace(size, out.npos, "...");
    text.remove_prefix(character.size());
  }
  return out;
}

std::string in_quotes(std::string_view text, std::size_t limit) {
  return concat({"'", visible(text, limit), "'"});
}

bool has_hidden_characters(std::string_view text) {
  while (!text.empty()) {
    const std::string_view character = next_character(text);
    if (is_hidden(character)) return true;
    text.remove_prefix(character.size());
  }
  return false;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string(text);
  std::string out = "'";
  if (!has_hidden_characters(text)) {
    for (const char c : text) out.append(c == '\'' ? "'\\''" : std::string_view(&c, 1));
    return out + "'";
  }
  // Every shell supports octal escapes of printf, but command substitution strips trailing newlines; not
  // every shell supports $'...'.
  const bool ends_line = text.ends_with('\n');
  const std::string_view start = ends_line ? "$'" : "\"$(printf '";
  out = start;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    std::array<char, 8> octal{};
    std::snprintf(octal.data(), octal.size(), "\\%03o", byte);
    const bool is_option = c == '-' && out.size() == start.size();
    const bool as_it_is = plain.find(c) != std::string_view::npos && c != '%' && !is_option;
    out.append(as_it_is ? std::string_view(&c, 1) : std::string_view(octal.data()));
  }
  return out + (ends_line ? "'" : "')\"");
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::string_view character = next_character(text);
    const char32_t code = code_point(character);
    text.remove_prefix(character.size());
    const bool combining = (code >= 0x300 && code < 0x370) || code == 0x200B || code == 0x200D ||
                           (code >= 0xFE00 && code <= 0xFE0F);
    const bool wide = (code >= 0x1100 && code < 0x1160) || (code >= 0x2E80 && code < 0xA4D0) ||
                      (code >= 0xAC00 && code < 0xD7A4) || (code >= 0xF900 && code < 0xFB00) ||
                      (code >= 0xFF00 && code < 0xFF61) || (code >= 0x1F300 && code < 0x1FB00) ||
                      (code >= 0x20000 && code < 0x30000);
    width += combining ? 0 : wide ? 2 : 1;
  }
  return width;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t start = text.find_first_not_of(separators);
    if (start == std::string_view::npos) return parts;
    const std::size_t end = text.find_first_of(separators, start);
    parts.push_back(text.substr(start, end == std::string_view::npos ? end : end - start));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end);
  }
}

std::string concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string whole;
  whole.reserve(size);
  for (const std::string_view part : parts) whole += part;
  return whole;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view white_space = " \t\r\n";
  const std::size_t start = text.find_first_not_of(white_space);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(white_space) - start + 1);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '_' || c == '.' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    }
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const hex = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace pushmetrics
