#pragma once

#include "metrics/diagnostic.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pushmetrics::json {

/// In bytes from the beginning of the document.
using Offset = std::size_t;

/// A value of the document, and where it begins.
struct Node {
  enum class Kind { null, boolean, number, string, object, array };
  struct Member;

  Kind kind = Kind::null;
  Offset offset = 0;
  std::string text;  ///< a string's content, a number or bool as it is spelled
  double number = 0;
  std::vector<Member> members;  ///< an object's
};

struct Node::Member {
  std::string key;
  Offset offset = 0;
  Node value;
};

/// `a string`, for messages.
std::string_view describe(Node::Kind kind);

/// NaN, Inf, +Inf, -Inf, Infinity, in any case: what JSON itself has no number for.
std::optional<double> special_number(std::string_view text);

/// What is wrong with a document so far.
class Findings {
 public:
  explicit Findings(std::string_view text) : text_(text) {}

  /// Beyond a hundred, which nobody reads, they are dropped: each costs a look at the whole text.
  void error(Offset offset, std::string message);
  /// `line 3`, for messages about another place.
  std::string line(Offset offset) const;
  /// Those of `offsets`, which ascend.
  std::vector<Position> positions(const std::vector<Offset>& offsets) const;
  /// In the order of the document.
  std::vector<Diagnostic> diagnostics() &&;

 private:
  Position position(Offset offset) const;

  std::string_view text_;
  std::vector<std::pair<Offset, std::string>> found_;
};

}  // namespace pushmetrics::json
