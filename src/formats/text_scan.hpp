#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Scanning of bytes for the exposition parser. Each function takes a range and returns where it stopped, the
/// end at the latest.
namespace pushmetrics::scan {

enum CharacterClass : std::uint8_t { label_start = 1, label_rest = 2, metric_start = 4, metric_rest = 8 };

constexpr std::array<std::uint8_t, 256> make_character_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (letter) classes[c] = label_start | label_rest | metric_start | metric_rest;
    if (digit) classes[c] = label_rest | metric_rest;
    if (c == ':') classes[c] = metric_start | metric_rest;
  }
  return classes;
}
inline constexpr std::array<std::uint8_t, 256> character_classes = make_character_classes();

inline bool is_in(char c, CharacterClass wanted) {
  return (character_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

inline const char* skip_class(const char* at, const char* end, CharacterClass wanted) {
  while (at != end && is_in(*at, wanted)) ++at;
  return at;
}

inline const char* skip_blanks(const char* at, const char* end) {
  while (at != end && is_blank(*at)) ++at;
  return at;
}

inline const char* skip_digits(const char* at, const char* end) {
  while (at != end && *at >= '0' && *at <= '9') ++at;
  return at;
}

/// To the next blank or newline.
inline const char* skip_word(const char* at, const char* end) {
  while (at != end && !is_blank(*at) && *at != '\n') ++at;
  return at;
}

/// To behind a number of at most 15 digits, with one point at most, if a newline follows; `at` if none stands
/// there.
inline const char* skip_short_decimal(const char* at, const char* end) {
#if defined(__SSE2__)
  if (end - at < 16) return at;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i above_zero = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(above_zero, _mm_set1_epi8(9)), above_zero);
  const __m128i is_point = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'));
  auto points = static_cast<unsigned>(_mm_movemask_epi8(is_point));
  const unsigned rest = ~(static_cast<unsigned>(_mm_movemask_epi8(is_digit)) | points);
  points &= (rest - 1) & ~rest;
  const int size = std::countr_zero(rest);
  const bool is_number = (points & (points - 1)) == 0 && size > (points == 0 ? 0 : 1);
  return is_number && size < 16 && at[size] == '\n' ? at + size : at;
#else
  const char* const stop = skip_digits(at, end);
  return stop != end && *stop == '\n' && stop - at <= 15 ? stop : at;
#endif
}

template <typename Word>
bool same_word(const char* a, const char* b) {
  Word one;
  Word other;
  std::memcpy(&one, a, sizeof one);
  std::memcpy(&other, b, sizeof other);
  return one == other;
}

/// As memcmp(3) has it, without a call: names are short.
inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  if (size < 4) {
    while (size != 0 && a[size - 1] == b[size - 1]) --size;
    return size == 0;
  }
  if (size < 8) return same_word<std::uint32_t>(a, b) && same_word<std::uint32_t>(a + size - 4, b + size - 4);
  for (; size > 8; size -= 8, a += 8, b += 8) {
    if (!same_word<std::uint64_t>(a, b)) return false;
    if (size < 16) return same_word<std::uint64_t>(a + size - 8, b + size - 8);
  }
  return same_word<std::uint64_t>(a, b);
}

/// To the next byte that matters within a label's value: a double quote, a backslash, a newline, or one that
/// is not ASCII.
inline const char* skip_plain_text(const char* at, const char* end) {
#if defined(__SSE2__)
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i special = _mm_or_si128(
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))));
    // A byte that is not ASCII has its highest bit set already, which is the one that movemask looks at.
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(special, bytes)));
    if (found != 0) return at + std::countr_zero(found);
    at += 16;
  }
#endif
  while (at != end && *at != '"' && *at != '\\' && *at != '\n' && static_cast<unsigned char>(*at) < 0x80)
    ++at;
  return at;
}

}  // namespace pushmetrics::scan
