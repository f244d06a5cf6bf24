#include "formats/openmetrics_syntax.hpp"

#include "formats/exposition_number.hpp"
#include "formats/text_scan.hpp"

#include <algorithm>
#include <charconv>

namespace pushmetrics::openmetrics {
namespace {

constexpr std::array<TypeRule, 8> types = {{
    {"unknown", "untyped", "", {""}, 1},
    {"counter", "counter", "_total", {"_total", "_created"}, 2},
    {"gauge", "gauge", "", {""}, 1},
    {"histogram", "histogram", "", {"_bucket", "_count", "_sum", "_created"}, 4},
    {"summary", "summary", "", {"", "_count", "_sum", "_created"}, 4},
    {"info", "gauge", "_info", {"_info"}, 1, TypeRule::Values::one},
    {"stateset", "gauge", "", {""}, 1, TypeRule::Values::zero_or_one},
    {"gaugehistogram", "", "", {"_bucket", "_gcount", "_gsum"}, 3},
}};

}  // namespace

const TypeRule& unknown_type = types[0];
const TypeRule& counter_type = types[1];

bool TypeRule::allows(std::string_view number) const {
  if (values == Values::any) return true;
  if (number.starts_with('+')) number.remove_prefix(1);
  double value = 0;  // stays so for a number too small, which from_chars refuses
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value == 1 || (value == 0 && values == Values::zero_or_one);
}

const TypeRule* find_type(std::string_view name) {
  const auto found = std::ranges::find(types, name, &TypeRule::name);
  return found == types.end() ? nullptr : &*found;
}

std::string_view skip_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest = skip_blanks(rest.substr(word.size()));
  return word;
}

std::string_view take_labels(std::string_view& rest) {
  bool quoted = false;
  std::size_t at = rest.starts_with('{') ? 1 : rest.size();
  for (; at < rest.size() && (quoted || rest[at] != '}'); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (quoted && rest[at] == '\\') ++at;
  }
  if (at >= rest.size()) return {};
  const std::string_view labels = rest.substr(0, at + 1);
  rest = skip_blanks(rest.substr(labels.size()));
  return labels;
}

std::optional<SampleLine> split_sample(std::string_view line) {
  SampleLine parts;
  const char* const end = line.data() + line.size();
  const char* const name_end = scan::skip_class(line.data(), end, scan::metric_rest);
  parts.name = line.substr(0, static_cast<std::size_t>(name_end - line.data()));
  std::string_view rest = skip_blanks(line.substr(parts.name.size()));
  parts.labels = take_labels(rest);
  parts.value = take_word(rest);
  if (!rest.starts_with('#')) parts.timestamp = take_word(rest);
  parts.exemplar = rest;
  if (parts.name.empty() || !is_exposition_number(parts.value)) return std::nullopt;
  return parts;
}

bool is_label_set(std::string_view text) {
  if (text.empty()) return false;
  std::string_view rest = skip_blanks(text.substr(1, text.size() - 2));
  while (!rest.empty()) {
    const auto take = [&rest](char wanted) {
      if (!rest.starts_with(wanted)) return false;
      rest = skip_blanks(rest.substr(1));
      return true;
    };
    const char* const end = rest.data() + rest.size();
    const auto name_size =
        static_cast<std::size_t>(scan::skip_class(rest.data(), end, scan::label_rest) - rest.data());
    if (name_size == 0 || !scan::is_in(rest[0], scan::label_start)) return false;
    rest = skip_blanks(rest.substr(name_size));
    if (!take('=') || !rest.starts_with('"')) return false;
    std::size_t at = 1;
    while (at < rest.size() && rest[at] != '"') at += rest[at] == '\\' ? 2 : 1;
    if (at >= rest.size()) return false;
    rest = skip_blanks(rest.substr(at + 1));
    if (!rest.empty() && !take(',')) return false;
  }
  return true;
}

bool is_exemplar(std::string_view text) {
  if (!text.starts_with('#')) return false;
  std::string_view rest = skip_blanks(text.substr(1));
  if (!is_label_set(take_labels(rest)) || !is_exposition_number(take_word(rest))) return false;
  const std::string_view timestamp = take_word(rest);
  return rest.empty() && (timestamp.empty() || is_exposition_number(timestamp));
}

void append_with_escapes(std::string& out, std::string_view text, Escapes where) {
  for (;;) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const char next = text.size() > 1 ? text[1] : '\0';
    const bool is_known = next == 'n' || next == '\\' || next == '"';
    if (next == '"' && where == Escapes::help)
      out += '"';
    else if (is_known)
      out += text.substr(0, 2);
    else
      out += "\\\\";
    text.remove_prefix(is_known ? 2 : 1);
  }
}

}  // namespace pushmetrics::openmetrics
