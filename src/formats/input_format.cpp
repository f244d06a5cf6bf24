#include "formats/input_format.hpp"

#include <algorithm>
#include <array>
#include <vector>

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

/// Whether the line of a sample is of `name` with `_total` behind it.
bool is_total_of(std::string_view line, std::string_view name) {
  constexpr std::string_view suffix = "_total";
  if (!line.starts_with(name) || !line.substr(name.size()).starts_with(suffix)) return false;
  line.remove_prefix(name.size() + suffix.size());
  return line.empty() || line[0] == ' ' || line[0] == '\t' || line[0] == '{';
}

/// Whether the line of a sample has a `# {` outside of label values.
bool has_exemplar(std::string_view line) {
  if (line.find('#') == std::string_view::npos) return false;
  bool quoted = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (quoted && line[at] == '\\')
      ++at;
    else if (line[at] == '"')
      quoted = !quoted;
    else if (!quoted && line.substr(at).starts_with(" # {"))
      return true;
  }
  return false;
}

/// Looks for what only OpenMetrics has, line by line.
class OpenMetricsSigns {
 public:
  bool is_in(std::string_view line) {
    line = skip(line, " \t\r");
    if (line.empty()) return false;
    if (line[0] == '#') return is_in_comment(line.substr(1));
    const auto is_of_counter = [line](std::string_view name) { return is_total_of(line, name); };
    if (std::ranges::any_of(counters_, is_of_counter)) return true;
    counters_.clear();
    return has_exemplar(line);
  }

 private:
  bool is_in_comment(std::string_view rest) {
    const std::string_view keyword = word(rest);
    if (keyword != "TYPE") return false;  // a UNIT line is a comment in the text format
    const std::string_view name = word(rest);
    const std::string_view type = word(rest);
    constexpr std::array<std::string_view, 4> foreign = {"unknown", "info", "stateset", "gaugehistogram"};
    if (type == "counter") counters_.push_back(name);
    return std::ranges::find(foreign, type) != foreign.end();
  }

  /// Those that no sample has followed yet.
  std::vector<std::string_view> counters_;
};

bool has_openmetrics_feature(std::string_view text) {
  OpenMetricsSigns signs;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (signs.is_in(line)) return true;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return false;
}

}  // namespace

bool has_end_marker(std::string_view text) {
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  return text == "# EOF" || text.ends_with("\n# EOF");
}

InputFormat detect_format(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::string_view start = skip(text, json_spaces);
  if (start.starts_with('[') || (start.starts_with('{') && is_json_object(start))) return InputFormat::json;
  return has_openmetrics_feature(text) ? InputFormat::openmetrics : InputFormat::text;
}

}  // namespace pushmetrics
