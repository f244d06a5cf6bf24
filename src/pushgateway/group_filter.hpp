#pragma once

#include "metrics/group_labels.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Whether `text` as a whole is what `pattern` describes: `*` any characters, `?` one, `[a-z]` one of these,
/// `[!a-z]` one of the others, a backslash takes away the meaning of what follows it. All else, a `[` that
/// nothing closes included, stands for itself. Takes time proportional to the product of the lengths at most.
bool matches_glob(std::string_view pattern, std::string_view text);

/// Which groups are meant: those that meet all conditions.
class GroupFilter {
 public:
  /// `NAME=GLOB` or `NAME!=GLOB` each. As in Prometheus, a label that a group does not have is empty.
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
