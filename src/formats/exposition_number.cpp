#include "formats/exposition_number.hpp"

#include "formats/exposition_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace pushmetrics {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char c, char lower) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == lower;
  });
}

bool is_signed(std::string_view text) { return !text.empty() && (text[0] == '+' || text[0] == '-'); }

bool is_infinity(std::string_view unsigned_text) {
  return equals_ignoring_case(unsigned_text, "inf") || equals_ignoring_case(unsigned_text, "infinity");
}

/// A decimal number, taken apart.
struct Decimal {
  std::string_view integer;
  std::string_view fraction;
  long exponent = 0;
  bool well_formed = false;
};

/// Beyond any exponent that matters, and far from overflow.
constexpr long huge_exponent = 1'000'000'000;

long read_exponent(std::string_view digits) {
  long exponent = 0;
  for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), huge_exponent);
  return exponent;
}

Decimal take_apart(std::string_view text) {
  Decimal number;
  number.integer = text.substr(0, count_digits(text));
  text.remove_prefix(number.integer.size());
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    number.fraction = text.substr(0, count_digits(text));
    text.remove_prefix(number.fraction.size());
  }
  if (number.integer.empty() && number.fraction.empty()) return number;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    const bool negative = !text.empty() && text[0] == '-';
    if (is_signed(text)) text.remove_prefix(1);
    const std::size_t digits = count_digits(text);
    if (digits == 0) return number;
    number.exponent = read_exponent(text.substr(0, digits)) * (negative ? -1 : 1);
    text.remove_prefix(digits);
  }
  number.well_formed = text.empty();
  return number;
}

/// Of a number that no double can hold: whether it is below the smallest one, not above the greatest.
bool is_too_small(const Decimal& number) {
  const std::size_t leading = number.integer.find_first_not_of('0');
  if (leading != std::string_view::npos)
    return static_cast<long>(number.integer.size() - leading) + number.exponent <= 0;
  const std::size_t zeros = number.fraction.find_first_not_of('0');
  return zeros == std::string_view::npos || number.exponent - static_cast<long>(zeros) <= 0;
}

bool fits_double(std::string_view unsigned_text, const Decimal& number) {
  if (static_cast<long>(number.integer.size()) + number.exponent <=
      std::numeric_limits<double>::max_exponent10)
    return true;
  double value = 0;
  const auto read = std::from_chars(unsigned_text.data(), unsigned_text.data() + unsigned_text.size(), value);
  return read.ec == std::errc() || is_too_small(number);
}

}  // namespace

bool is_exposition_number(std::string_view text) {
  if (!text.empty() && text.size() <= 18 && count_digits(text) == text.size()) return true;
  const bool has_sign = is_signed(text);
  if (has_sign) text.remove_prefix(1);
  const Decimal number = take_apart(text);
  if (number.well_formed) return fits_double(text, number);
  return is_infinity(text) || (!has_sign && equals_ignoring_case(text, "nan"));
}

bool is_exposition_timestamp(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (is_signed(text)) return false;
  }
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

double sample_value(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (is_signed(text)) text.remove_prefix(1);
  double value = 0;  // stays so for a number too small, which from_chars refuses
  if (is_infinity(text))
    value = std::numeric_limits<double>::infinity();
  else if (equals_ignoring_case(text, "nan"))
    value = std::numeric_limits<double>::quiet_NaN();
  else
    std::from_chars(text.data(), text.data() + text.size(), value);
  return negative ? -value : value;
}

}  // namespace pushmetrics
