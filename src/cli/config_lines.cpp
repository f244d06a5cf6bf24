#include "cli/config_lines.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

bool is_bare_key(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_quote(char c) { return c == '"' || c == '\''; }

/// Calls `visit(position, character)` for what stands outside of quotes, until it returns false. False if the
/// line ends within quotes.
template <typename Visit>
bool visit_unquoted(std::string_view line, Visit visit) {
  char quote = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0 && !visit(at, c)) return true;
    if (quote == 0 && is_quote(c))
      quote = c;
    else if (c == quote)
      quote = 0;
    else if (quote == '"' && c == '\\')
      ++at;
  }
  return quote == 0;
}

std::string_view without_comment(std::string_view line) {
  std::size_t end = line.size();
  visit_unquoted(line, [&](std::size_t at, char c) {
    if (c == '#') end = at;
    return c != '#';
  });
  return line.substr(0, end);
}

/// The lists that `text` leaves open, or -1 where quotes or brackets do not match.
int open_lists(std::string_view text, int open) {
  const bool quotes_match = visit_unquoted(text, [&open](std::size_t, char c) {
    if (c == '[') ++open;
    if (c == ']') --open;
    return open >= 0;
  });
  return quotes_match ? open : -1;
}

/// Between the brackets; empty if the line is no section.
std::string_view section_name(std::string_view line) {
  if (line.size() < 2 || line.front() != '[' || line.back() != ']') return {};
  const std::string_view name = trim(line.substr(1, line.size() - 2));
  return is_bare_key(name) ? name : std::string_view();
}

/// TOML has none but the tab.
bool has_control(std::string_view line) {
  return std::ranges::any_of(
      line, [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; });
}

/// False: the code point is none that a text may hold.
bool append_utf8(std::string& text, std::uint32_t code) {
  const auto byte = [&text](std::uint32_t value) { text += static_cast<char>(value); };
  const auto rest = [&](unsigned shift) { byte(0x80U | ((code >> shift) & 0x3FU)); };
  if (code == 0 || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) return false;
  if (code < 0x80) return byte(code), true;
  if (code < 0x800) return byte(0xC0U | (code >> 6U)), rest(0), true;
  if (code < 0x10000) return byte(0xE0U | (code >> 12U)), rest(6), rest(0), true;
  return byte(0xF0U | (code >> 18U)), rest(12), rest(6), rest(0), true;
}

/// The characters of a basic string's escape, of which `rest` begins behind the backslash; false: it is none.
bool take_escape(std::string_view& rest, std::string& value) {
  constexpr std::string_view letters = "btnfr\"\\", meanings = "\b\t\n\f\r\"\\";
  if (rest.empty()) return false;
  const char letter = rest.front();
  rest.remove_prefix(1);
  if (const std::size_t known = letters.find(letter); known != letters.npos) {
    value += meanings[known];
    return true;
  }
  const std::size_t digits = letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  std::uint32_t code = 0;
  if (digits == 0 || rest.size() < digits) return false;
  const char* const end = rest.data() + digits;
  if (std::from_chars(rest.data(), end, code, 16).ptr != end) return false;
  rest.remove_prefix(digits);
  return append_utf8(value, code);
}

/// A string in quotes (TOML, "String"), taken from the front of `rest`.
bool take_string(std::string_view& rest, std::string& value) {
  const char quote = rest.front();
  rest.remove_prefix(1);
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == quote) return true;
    if (c != '\\' || quote == '\'')
      value += c;
    else if (!take_escape(rest, value))
      return false;
  }
  return false;
}

/// A string, or a word up to one of `stops`.
bool take_scalar(std::string_view& rest, std::string_view stops, std::string& value) {
  if (rest.empty()) return false;
  if (is_quote(rest.front())) return take_string(rest, value);
  value = rest.substr(0, rest.find_first_of(stops));
  rest.remove_prefix(value.size());
  return !value.empty();
}

/// Scalars with commas between them up to `end`, the list's bracket or nothing. A list may end in a comma.
bool take_scalars(std::string_view rest, std::string_view end, std::vector<std::string>& values) {
  // `a = b = c` is rather a line that was broken.
  const std::string_view stops = end.empty() ? " \t\"'[],=" : " \t\"'[],";
  for (rest = trim(rest); rest != end; rest = trim(rest)) {
    if (!take_scalar(rest, stops, values.emplace_back())) return false;
    rest = trim(rest);
    if (rest == end) return true;
    if (!rest.starts_with(',')) return false;
    rest.remove_prefix(1);
    if (end.empty() && trim(rest).empty()) return false;
  }
  return !end.empty();
}

/// Perhaps with dots in it.
bool is_key(std::string_view text) {
  return !text.empty() && text.back() != '.' && std::ranges::all_of(split(text, "."), is_bare_key);
}

struct Assignment {
  std::string_view key;  ///< of the line
  std::vector<std::string> values;
};

std::optional<Assignment> read_assignment(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == line.npos || has_control(line)) return std::nullopt;
  Assignment assignment{trim(line.substr(0, equals)), {}};
  const std::string_view value = trim(line.substr(equals + 1));
  const bool is_list = value.starts_with('[');
  if (!is_key(assignment.key) ||
      !take_scalars(is_list ? value.substr(1) : value, is_list ? "]" : "", assignment.values))
    return std::nullopt;
  return assignment;
}

ConfigEntry make_entry(std::string_view section, Assignment assignment) {
  const std::size_t dot = assignment.key.rfind('.');
  if (dot == assignment.key.npos)
    return {std::string(section), std::string(assignment.key), std::move(assignment.values)};
  const std::string_view table = assignment.key.substr(0, dot);
  return {concat({section, section.empty() ? "" : ".", table}), std::string(assignment.key.substr(dot + 1)),
          std::move(assignment.values)};
}

void add(std::vector<ConfigEntry>& entries, ConfigEntry entry) {
  std::erase(entry.values, "");
  const bool goes_on =
      !entries.empty() && entries.back().section == entry.section && entries.back().key == entry.key;
  if (!goes_on) return entries.push_back(std::move(entry));
  std::ranges::move(entry.values, std::back_inserter(entries.back().values));
}

}  // namespace

ConfigLines read_config_lines(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  ConfigLines result;
  std::size_t number = 0;
  std::size_t first_bad = 0;
  std::size_t bad = 0;
  const auto leave_out = [&](std::size_t line) {
    if (bad++ == 0) first_bad = line;
  };

  std::string assignment;  // which may go on over several lines
  std::size_t begun_at = 0;
  int open = 0;
  std::string_view current_section;
  bool in_section = true;  // or above all; what stands in one that cannot be read is left out with it
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = trim(without_comment(text.substr(start, end - start)));
    start = end + 1;
    ++number;
    if (line.empty()) continue;
    if (open == 0 && line.front() == '[' && line.back() == ']') {
      const std::string_view section = section_name(line);
      in_section = !section.empty();
      if (!in_section) leave_out(number);
      current_section = section;
      continue;
    }
    if (open == 0) begun_at = number;
    open = open_lists(line, open);
    assignment.append(line).append(" ");
    // What is no assignment opens no list.
    if (open > 0 && !has_control(line) &&
        is_key(trim(std::string_view(assignment).substr(0, assignment.find('=')))))
      continue;
    auto read = open == 0 ? read_assignment(assignment) : std::nullopt;
    if (read && in_section)
      add(result.entries, make_entry(current_section, std::move(*read)));
    else if (!read)
      leave_out(begun_at);
    assignment.clear();
    open = 0;
  }
  if (open > 0) leave_out(begun_at);
  if (bad == 0) return result;
  result.problem = concat({"line ", std::to_string(first_bad), " is neither [section] nor name = value"});
  if (bad > 1) result.problem += concat({", nor are ", std::to_string(bad - 1), " others"});
  return result;
}

}  // namespace pushmetrics
