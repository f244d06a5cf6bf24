#include "pushgateway/group_filter.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

std::string_view take_character(std::string_view& text) {
  const std::string_view character = next_character(text);
  text.remove_prefix(character.size());
  return character;
}

/// Code point of the next character; invalid UTF-8 gets a number above all code points.
char32_t take_code(std::string_view& text) {
  const std::string_view character = take_character(text);
  const bool broken = character.size() == 1 && static_cast<unsigned char>(character[0]) >= 0x80;
  return broken ? 0x110000U + static_cast<unsigned char>(character[0]) : code_point(character);
}

/// Whether the set at the start of `pattern`, after its `[`, contains `code`; consumes the set. Nothing if
/// the set is not closed.
std::optional<bool> matches_set(std::string_view& pattern, char32_t code) {
  std::string_view rest = pattern;
  const bool negated = rest.starts_with('!') || rest.starts_with('^');
  if (negated) rest.remove_prefix(1);
  bool found = false;
  for (bool first = true; !rest.empty(); first = false) {
    if (rest.front() == ']' && !first) {
      pattern = rest.substr(1);
      return found != negated;
    }
    const auto take = [&rest] {
      if (rest.size() > 1 && rest.front() == '\\') rest.remove_prefix(1);
      return take_code(rest);
    };
    const char32_t low = take();
    char32_t high = low;
    if (rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
      rest.remove_prefix(1);
      high = take();
    }
    found = found || (low <= code && code <= high);
  }
  return std::nullopt;
}

/// What another matcher language writes behind the label: Prometheus' regular expressions and quotes.
std::string_view foreign_syntax(std::string_view label, std::string_view pattern) {
  if (label.ends_with('!') || label.ends_with('~') || pattern.starts_with('~'))
    return "a pattern is no regular expression";
  const bool is_quoted = pattern.size() > 1 && pattern.starts_with('"') && pattern.ends_with('"');
  return is_quoted ? "a pattern has no quotes of its own" : "";
}

/// Matches one character of `text`, which is not empty, with what `pattern` begins with; `*` aside. Takes
/// both.
bool matches_one(std::string_view& pattern, std::string_view& text) {
  const char32_t code = take_code(text);
  if (pattern.front() == '?') {
    pattern.remove_prefix(1);
    return true;
  }
  if (pattern.front() == '[') {
    std::string_view set = pattern.substr(1);
    if (const auto result = matches_set(set, code)) {
      pattern = set;
      return *result;
    }
  }
  if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
  return take_code(pattern) == code;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  // After the last `*`: where the pattern continues, and the text that the star has not consumed.
  std::optional<std::string_view> after_star;
  std::string_view text_after_star;
  while (true) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      after_star = pattern;
      text_after_star = text;
      continue;
    }
    if (text.empty() && pattern.empty()) return true;
    if (!text.empty() && !pattern.empty()) {
      if (matches_one(pattern, text)) continue;
    } else if (text.empty()) {
      return false;  // consuming more would leave less
    }
    if (!after_star || text_after_star.empty()) return false;
    take_character(text_after_star);
    pattern = *after_star;
    text = text_after_star;
  }
}

Result<GroupFilter> GroupFilter::parse(const std::vector<std::string>& conditions) {
  GroupFilter filter;
  for (const std::string& text : conditions) {
    const std::size_t equals = text.find('=');
    const bool negated = equals != std::string::npos && equals > 0 && text[equals - 1] == '!';
    std::string label = text.substr(0, equals == std::string::npos ? 0 : equals - (negated ? 1 : 0));
    const std::string_view foreign =
        equals == text.npos ? foreign_syntax(std::string_view(text).substr(0, text.find('~')), "")
                            : foreign_syntax(label, std::string_view(text).substr(equals + 1));
    if (!foreign.empty())
      return Failure{concat({"invalid condition ", in_quotes(text), ": ", foreign}),
                     "write NAME=GLOB as in 'job=backup-*', and \\~ or \\\" for such a character itself"};
    if (label.empty() || label.find_first_of("*?[") != std::string::npos)
      return Failure{concat({"invalid condition ", in_quotes(text), ": write NAME=GLOB or NAME!=GLOB"})};
    filter.conditions_.push_back({std::move(label), negated, text.substr(equals + 1)});
  }
  return filter;
}

bool GroupFilter::matches(const GroupLabels& group) const {
  return std::ranges::all_of(conditions_, [&](const Condition& condition) {
    return matches_glob(condition.pattern, group.value(condition.label).value_or("")) != condition.negated;
  });
}

}  // namespace pushmetrics
