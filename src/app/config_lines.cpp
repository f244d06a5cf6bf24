#include "app/config_lines.hpp"

#include "support/text.hpp"

#include <algorithm>

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

bool is_section(std::string_view line) {
  return line.size() > 2 && line.front() == '[' && line.back() == ']' &&
         is_bare_key(trim(line.substr(1, line.size() - 2)));
}

/// A quoted text, or one without white space, quotes and equals signs; a list is looked at elsewhere.
bool is_value(std::string_view value) {
  if (value.empty()) return false;
  if (value.front() == '[') return true;
  if (is_quote(value.front())) return value.find(value.front(), 1) == value.size() - 1;
  return value.find_first_of(" \t\"'=[]") == std::string_view::npos;
}

/// Of what begins as a list: whether it ends with the bracket that closes it. Else CLI11 would look for that
/// on the following lines.
bool is_closed_at_end(std::string_view assignment) {
  const std::string_view value = trim(assignment.substr(assignment.find('=') + 1));
  if (!value.starts_with('[')) return true;
  int open = 0;
  std::size_t end = 0;
  visit_unquoted(value, [&](std::size_t at, char c) {
    end = at;
    if (c == '[') ++open;
    if (c == ']') --open;
    return open > 0;
  });
  return end + 1 == value.size();
}

/// TOML has none but the tab.
bool has_control(std::string_view line) {
  return std::ranges::any_of(
      line, [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; });
}

bool is_assignment(std::string_view line) {
  const std::size_t equals = line.find('=');
  return equals != std::string_view::npos && is_bare_key(trim(line.substr(0, equals))) &&
         is_value(trim(line.substr(equals + 1)));
}

}  // namespace

ConfigLines read_config_lines(std::string_view text) {
  ConfigLines result;
  std::size_t number = 0;
  std::size_t first_bad = 0;
  std::size_t bad = 0;
  const auto leave_out = [&](std::size_t line) {
    if (bad++ == 0) first_bad = line;
  };

  std::string list;  // an assignment that goes on over several lines
  std::size_t list_start = 0;
  int open = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = trim(without_comment(text.substr(start, end - start)));
    start = end + 1;
    ++number;
    if (line.empty()) continue;
    if (open == 0 && is_section(line)) {
      result.text.append(line).append("\n");
      continue;
    }
    const bool begins = open == 0;
    open = open_lists(line, open);
    if (begins) list_start = number;
    list.append(line).append(" ");
    const bool is_bad = open < 0 || has_control(line) || (begins && !is_assignment(line)) ||
                        (open == 0 && !is_closed_at_end(list));
    if (is_bad) {
      leave_out(list_start);
      list.clear();
      open = 0;
      continue;
    }
    if (open > 0) continue;
    result.text.append(list).append("\n");
    list.clear();
  }
  if (open > 0) leave_out(list_start);
  if (bad == 0) return result;
  result.problem = concat({"line ", std::to_string(first_bad), " is neither [section] nor name = value"});
  if (bad > 1) result.problem += concat({", nor are ", std::to_string(bad - 1), " others"});
  return result;
}

}  // namespace pushmetrics
