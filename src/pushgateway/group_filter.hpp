#pragma once

#include "metrics/group_labels.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Whether `pattern` matches all of `text`: `*` any characters, `?` one character, `[a-z]` one of these,
/// `[!a-z]` one other character; a backslash escapes the next character. Everything else, including an
/// unclosed `[`, matches itself. Takes at most time proportional to the product of the lengths.
bool matches_glob(std::string_view pattern, std::string_view text);

/// Selects the groups that meet all conditions.
class GroupFilter {
 public:
  /// `NAME=GLOB` or `NAME!=GLOB` each. As in Prometheus, a missing label counts as empty.
  static Result<GroupFilter> parse(const std::vector<std::string>& conditions);

  bool matches(const GroupLabels& group) const;

 private:
  struct Condition {
    std::string label;
    bool negated;
    std::string pattern;
  };
  std::vector<Condition> conditions_;
};

}  // namespace pushmetrics
