#include "metrics/input_format.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace pushmetrics {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view json_spaces = " \t\r\n";

std::string_view skip(std::string_view text, std::string_view characters) {
  return text.substr(std::min(text.find_first_not_of(characters), text.size()));
}

/// Takes the next word from the front of `rest`.
std::string_view word(std::string_view& rest) {
  rest = skip(rest, blanks);
  const std::string_view result = rest.substr(0, rest.find_first_of(" \t\r\n"));
  rest.remove_prefix(result.size());
  return result;
}

/// What follows the string that `text` begins with.
std::string_view after_string(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return text.substr(std::min(at + 1, text.size()));
}

bool is_json_object(std::string_view text) {
  const std::string_view first = skip(text.substr(1), json_spaces);
  if (first.empty()) return true;
  if (first[0] == '}') return skip(first.substr(1), json_spaces).empty();
  if (first[0] == '"') {
    const std::string_view next = skip(after_string(first), json_spaces);
    return !next.starts_with(',') && !next.starts_with('}');
  }
  // Neither is JSON with a name that is not quoted, but its author may have thought so.
  const std::size_t end = first.find_first_of("=:},\n");
  if (end != std::string_view::npos && first[end] == '=') return false;
  const std::string_view line = first.substr(0, first.find('\n'));
  const std::size_t brace = line.rfind('}');
  return brace == std::string_view::npos || skip(line.substr(brace + 1), json_spaces).empty();
}

/// Whether the next sample in `lines` is of this name, which is in two parts.
bool next_sample_is(std::string_view lines, std::string_view name, std::string_view suffix) {
  for (; !lines.empty(); lines.remove_prefix(std::min(lines.find('\n'), lines.size() - 1) + 1)) {
    std::string_view line = skip(lines.substr(0, lines.find('\n')), " \t\r");
    if (line.empty() || line.starts_with('#')) continue;
    if (!line.starts_with(name)) return false;
    line.remove_prefix(name.size());
    if (!line.starts_with(suffix)) return false;
    line.remove_prefix(suffix.size());
    return line.empty() || line[0] == ' ' || line[0] == '\t' || line[0] == '{';
  }
  return false;
}

/// Whether a comment line, given from behind its `#` to the text's end, is one of OpenMetrics.
bool is_openmetrics_comment(std::string_view rest) {
  const std::string_view keyword = word(rest);
  if (keyword == "UNIT") return !word(rest).empty();
  if (keyword != "TYPE") return false;
  const std::string_view name = word(rest);
  const std::string_view type = word(rest);
  constexpr std::array<std::string_view, 4> foreign = {"unknown", "info", "stateset", "gaugehistogram"};
  if (std::ranges::find(foreign, type) != foreign.end()) return true;
  return type == "counter" && next_sample_is(skip(rest, " \t\r").substr(0), name, "_total");
}

/// Whether the `#` behind `before`, on a line with a sample, is outside of label values.
bool is_outside_quotes(std::string_view before) {
  bool quoted = false;
  for (std::size_t at = 0; at < before.size(); ++at) {
    if (quoted && before[at] == '\\')
      ++at;
    else if (before[at] == '"')
      quoted = !quoted;
  }
  return !quoted;
}

bool has_openmetrics_feature(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  while (at != end && (at = static_cast<const char*>(
                           std::memchr(at, '#', static_cast<std::size_t>(end - at)))) != nullptr) {
    const std::string_view before(text.data(), static_cast<std::size_t>(at - text.data()));
    const std::string_view rest(at + 1, static_cast<std::size_t>(end - at - 1));
    ++at;
    const bool may_be_exemplar = rest.starts_with(" {") && before.ends_with(' ');
    const bool may_be_comment =
        before.empty() || blanks.find(before.back()) != std::string_view::npos || before.back() == '\n';
    if (!may_be_exemplar && !may_be_comment) continue;
    const std::string_view line = skip(before.substr(before.rfind('\n') + 1), blanks);
    if (line.empty() ? is_openmetrics_comment(rest)
                     : may_be_exemplar && line[0] != '#' && is_outside_quotes(line))
      return true;
  }
  return false;
}

}  // namespace

InputFormat detect_format(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::string_view start = skip(text, json_spaces);
  if (start.starts_with('[') || (start.starts_with('{') && is_json_object(start))) return InputFormat::json;
  return has_openmetrics_feature(text) ? InputFormat::openmetrics : InputFormat::text;
}

}  // namespace pushmetrics
