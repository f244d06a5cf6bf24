#include "formats/exposition_errors.hpp"

#include "formats/exposition_number.hpp"
#include "formats/text_scan.hpp"
#include "metrics/family.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <system_error>

namespace pushmetrics::parse_error {
namespace {

constexpr std::string_view crlf = "the line ends in CRLF: convert the file to Unix line ends";
constexpr std::string_view joined_lines =
    "lines were joined, as by a shell that expands a variable without quotes: write \"$variable\"";
constexpr std::string_view name_characters = "letters, digits, `_` and `:`";

std::string in_backticks(std::string_view text) { return concat({"`", visible(text, 40), "`"}); }

bool is_in(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view first_word(std::string_view text) { return text.substr(0, text.find_first_of(" \t{},=\"")); }

std::string named(std::string_view text) {
  if (text.empty()) return "the line's end";
  const std::string_view character = next_character(text);
  if (character == "\xC2\xA0") return "a no-break space";
  if (character == "\r") return "a carriage return";
  if (character.size() > 1 || !has_hidden_characters(character)) return in_backticks(character);
  constexpr std::string_view hex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(character[0]);
  return concat({"the byte 0x", hex.substr(byte >> 4U, 1), hex.substr(byte & 15U, 1)});
}

/// Each character that a name cannot have becomes one `_`.
std::string as_name(std::string_view text) {
  std::string name;
  if (is_digit(text[0])) name += '_';
  while (!text.empty()) {
    const std::string_view character = next_character(text);
    name += scan::is_in(character[0], scan::metric_rest) ? character[0] : '_';
    text.remove_prefix(character.size());
  }
  return name;
}

/// The number before a unit such as `ms` or `%`; empty: `word` is something else, of which a part would be a wrong
/// value.
std::string_view number_before_unit(std::string_view word) {
  constexpr std::size_t longest = 60;
  if (word.size() > longest) return {};
  const auto is_unit = [](char c) { return c == '%' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::size_t size = word.size();
  while (size > 0 && is_unit(word[size - 1])) --size;
  const std::string_view number = word.substr(0, size);
  return !number.empty() && size < word.size() && is_exposition_number(number) ? number : std::string_view();
}

std::string_view without_sign(std::string_view word) {
  return word.size() > 1 && (word[0] == '-' || word[0] == '+') ? word.substr(1) : word;
}

/// Digits with something between them that people write between thousands: `1,234,567.5`, `1'234`.
bool has_thousands_separators(std::string_view word) {
  word = without_sign(word);
  return is_digit(word[0]) && word.find_first_not_of("0123456789,.'_") == std::string_view::npos &&
         word.find_first_of(",.'_") != std::string_view::npos;
}

/// Nothing but three digits follow a single comma: one thousand, or a fraction.
bool is_ambiguous_comma(std::string_view word) {
  word = without_sign(word);
  const std::size_t comma = word.find(',');
  const std::string_view whole = word.substr(0, comma);
  return comma != std::string_view::npos && word.size() - comma == 4 && whole.size() <= 3 && whole != "0" &&
         word.find_first_not_of("0123456789,") == std::string_view::npos;
}

/// The quotes that word processors write: U+2018 to U+201F, U+00AB and U+00BB.
bool is_typographic_quote(std::string_view text) {
  const std::string_view character = next_character(text);
  return (character >= "\xE2\x80\x98" && character <= "\xE2\x80\x9F") || character == "\xC2\xAB" ||
         character == "\xC2\xBB";
}

bool is_decimal_comma(std::string_view word) {
  const std::size_t comma = word.find(',');
  if (comma == std::string_view::npos || word.find(',', comma + 1) != std::string_view::npos) return false;
  std::string with_point(word);
  with_point[comma] = '.';
  return is_exposition_number(with_point);
}

bool is_too_large(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc::result_out_of_range && end == word.data() + word.size();
}

std::string odd_value(std::string_view word) {
  const std::string lower = lower_case(word);
  if (lower == "true" || lower == "yes" || lower == "on")
    return in_backticks(word) + " is not a number: write 1";
  if (lower == "false" || lower == "no" || lower == "off")
    return in_backticks(word) + " is not a number: write 0";
  if (lower == "-nan" || lower == "+nan")
    return in_backticks(word) + " is not a number that a metric can have: write NaN";
  if (lower == "null" || lower == "none" || lower == "nil")
    return in_backticks(word) + " is not a number: write NaN, or leave the line out";
  if (lower.starts_with("0x") || lower.starts_with("0b") || lower.starts_with("0o"))
    return in_backticks(word) + " is not a decimal number: values are written in decimal";
  if (word.find("\\n") != std::string_view::npos)
    return in_backticks(word) + " holds a backslash and an n, not a line break: use printf, or echo -e";
  return {};
}

}  // namespace

std::string metric_name(std::string_view rest) {
  if (rest.empty() || rest == "\r") return std::string(crlf);
  if (rest.starts_with("\xEF\xBB\xBF"))
    return "the text begins with a byte order mark: save it as UTF-8 without one";
  if (rest.starts_with("\xFF\xFE") || rest.starts_with("\xFE\xFF"))
    return "the text is UTF-16: save it as UTF-8";
  if (rest[0] == '"') return "the quoted name is not a metric name: " + concat({name_characters, " only"});
  const std::string_view word = first_word(rest);
  if (is_digit(rest[0]))
    return concat(
        {"a metric name cannot begin with a digit: write ", in_backticks(as_name(word.substr(0, 60)))});
  return concat({"expected a metric name, found ", named(rest), ": names are ", name_characters,
                 ", not beginning with a digit"});
}

std::string value(std::string_view word, std::string_view name) {
  if (word.empty()) return "the value is missing: write a number after the name and labels";
  if (word == "\r") return "the value is missing, and the line ends in CRLF";
  if (word.ends_with('\r') && is_exposition_number(word.substr(0, word.size() - 1))) return std::string(crlf);
  if (!name.empty()) {
    if (word[0] == '=' || word[0] == ':')
      return concat({"expected a value, found ", named(word), ": write a blank between name and value"});
    return concat({named(word), " cannot stand in a metric name: write ",
                   in_backticks(as_name(concat({name, first_word(word)}).substr(0, 120)))});
  }
  if (word[0] == '{') return "a second set of labels: write all labels within one pair of braces";
  if (word[0] == '"' || word[0] == '\'')
    return concat({"the value ", in_backticks(word), " is quoted: write the number without quotes"});
  if (is_decimal_comma(word) && !is_ambiguous_comma(word)) {
    std::string with_point(word);
    std::ranges::replace(with_point, ',', '.');
    return concat(
        {"the value ", in_backticks(word), " has a decimal comma: write ", in_backticks(with_point)});
  }
  if (std::string odd = odd_value(word); !odd.empty()) return odd;
  if (is_too_large(word))
    return concat({"the value ", in_backticks(word), " is too large for a 64-bit float"});
  if (has_thousands_separators(word))
    return concat(
        {"the value ", in_backticks(word), " is not a number: write digits and a decimal point only"});
  if (const std::string_view number = number_before_unit(word); !number.empty())
    return concat({"expected a number, found ", in_backticks(word), ": write ", in_backticks(number),
                   " alone, without a unit (convert to seconds or bytes)"});
  return concat({"expected a number as the value, found ", in_backticks(word)});
}

std::string timestamp(std::string_view rest) {
  if (rest == "\r") return "white space after the value, and the line ends in CRLF";
  if (rest[0] == '#')
    return "what follows the value is an OpenMetrics exemplar or a comment, which the text format does not "
           "have: "
           "remove it, or read the input with --from openmetrics";
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  if (is_exposition_number(word))
    return concat(
        {"the timestamp ", in_backticks(word),
         " is not a whole number of milliseconds: remove it, as --from openmetrics --strip-timestamps "
         "does, since Pushgateway takes none"});
  return concat({"expected the line to end after the value, found ", in_backticks(rest)});
}

std::string after_value(std::string_view rest) {
  if (rest.find_first_not_of(" \t\r") == std::string_view::npos)
    return "white space at the line's end: the line must end with the number";
  return concat({"expected the line to end after the timestamp, found ", in_backticks(rest)});
}

std::string label_name(std::string_view rest) {
  if (rest.empty() || rest == "\r") return "the labels have no closing brace: write `}` before the value";
  if (rest[0] == ',') return "a comma with no label before it: remove it";
  if (rest[0] == '{') return "a second opening brace: write one";
  if (rest[0] == '"') return "the quoted name is not a label name: letters, digits and `_` only";
  if (is_digit(rest[0]))
    return concat({"a label name cannot begin with a digit: write ",
                   in_backticks(as_name(first_word(rest).substr(0, 60)))});
  return concat({"expected a label name, found ", named(rest), ": names are letters, digits and `_`"});
}

std::string equals_sign(std::string_view name, std::string_view rest) {
  if (rest.empty() || rest[0] == '}' || rest[0] == ',' || rest[0] == '"')
    return concat({"label ", in_backticks(name), " has no value: write ",
                   in_backticks(concat({name.substr(0, 20), "=\"...\""}))});
  if (rest[0] == ':' && rest.size() > 1 && (rest[1] == '"' || rest[1] == ' '))
    return concat({"expected `=` after the label name, found `:`: write ",
                   in_backticks(concat({name.substr(0, 20), "=\"...\""}))});
  const std::string_view word = first_word(rest);
  if (word.empty() || scan::is_in(rest[0], scan::label_rest))
    return concat({"expected `=` after the label name, found ", named(rest)});
  std::string better = as_name(concat({name, word}).substr(0, 120));
  std::ranges::replace(better, ':', '_');
  return concat({named(rest), " cannot stand in a label name: write ", in_backticks(better)});
}

std::string label_quote(std::string_view name, std::string_view rest) {
  if (rest.empty()) return concat({"label ", in_backticks(name), " has no value, and the line ends"});
  if (is_typographic_quote(rest))
    return concat({"label values go in straight double quotes, found ", named(rest)});
  std::string_view bare = first_word(rest);
  if (rest[0] == '\'') {
    bare = rest.substr(1, rest.find('\'', 1) - 1);
    return concat(
        {"label values go in double quotes: write ", in_backticks(concat({name, "=\"", bare, "\""}))});
  }
  if (bare.empty())
    return concat(
        {"label ", in_backticks(name), " has no value: write ", in_backticks(concat({name, "=\"\""}))});
  return concat({"the label value is not quoted: write ", in_backticks(concat({name, "=\"", bare, "\""}))});
}

std::string after_label(std::string_view rest) {
  if (rest.empty() || rest == "\r") return "the labels have no closing brace: write `}` before the value";
  if (scan::is_in(rest[0], scan::label_start)) {
    const std::string_view word = first_word(rest);
    if (rest.substr(word.size()).starts_with('='))
      return concat({"labels are separated by commas: write one before ", in_backticks(word)});
    return concat({"expected `,` or `}` after the label value, found ", in_backticks(word),
                   ": a double quote within a value is written \\\""});
  }
  if (rest[0] == ';') return "labels are separated by commas, not `;`";
  return concat({"expected `,` or `}` after the label value, found ", named(rest)});
}

std::string quote_within_name(std::string_view name) {
  return concat({"a double quote within a name: write `=` between ", in_backticks(name),
                 " and its value, or if the name is meant to be quoted, quote all of it"});
}

std::string repeated_label(std::string_view name) {
  return concat({"label ", in_backticks(name), " is given twice: keep one"});
}

std::string escape(std::string_view rest) {
  if (rest.size() < 2) return "a backslash at the line's end: write \\\\ for a backslash";
  return concat({in_backticks(concat({"\\", next_character(rest.substr(1))})),
                 " is not an escape sequence (those are \\\\, \\n and \\\"): write \\\\ for a backslash"});
}

std::string metadata_name(std::string_view rest) {
  if (rest.ends_with('\r') && is_valid_metric_name(rest.substr(0, rest.size() - 1))) return std::string(crlf);
  const std::string_view word = first_word(rest);
  if (word.empty() || word[0] == '\r')
    return concat({"expected a metric name, found ", named(rest),
                   ": if this is meant as a comment, do not begin it ", "with HELP or TYPE"});
  return concat(
      {in_backticks(word), " is not a metric name: write ", in_backticks(as_name(word.substr(0, 60)))});
}

std::string type(std::string_view word) {
  constexpr std::string_view known = "counter, gauge, histogram, summary or untyped";
  if (word.ends_with('\r')) return std::string(crlf);
  const std::string lower = lower_case(trim(word));
  if (lower == "unknown") return "the type `unknown` is OpenMetrics': write untyped";
  if (lower == "info" || lower == "stateset")
    return concat({"the type ", in_backticks(lower),
                   " is OpenMetrics': write gauge, or read the input with --from openmetrics"});
  if (word.find('\\') != std::string_view::npos)
    return concat({"a backslash within the type ", in_backticks(word), ": write ", known});
  if (trim(word) != word) return "white space after the type: the line must end with it";
  if (is_in(first_word(lower), {"counter", "gauge", "histogram", "summary", "untyped"}))
    return concat({in_backticks(word), " is more than a type: ", joined_lines});
  return concat({"unknown metric type ", in_backticks(word), ": write ", known});
}

std::string_view joined_help(std::string_view help) {
  for (const std::string_view next : {"# TYPE ", "# HELP "})
    if (const std::size_t at = help.find(next);
        at != std::string_view::npos && (at == 0 || help[at - 1] == ' '))
      return joined_lines;
  return {};
}

}  // namespace pushmetrics::parse_error
