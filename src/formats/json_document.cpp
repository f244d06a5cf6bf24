#include "formats/json_document.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <limits>

namespace pushmetrics::json {
namespace {

constexpr std::size_t enough_errors = 100;

}  // namespace

std::string_view describe(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::boolean: return "a bool";
    case Node::Kind::number: return "a number";
    case Node::Kind::string: return "a string";
    case Node::Kind::object: return "an object";
    case Node::Kind::array: return "an array";
  }
  return "";
}

std::optional<double> special_number(std::string_view text) {
  std::string word = lower_case(text);
  const bool negative = word.starts_with('-');
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (negative || word.starts_with('+')) word.erase(0, 1);
  if (word != "inf" && word != "infinity") return std::nullopt;
  return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

void Findings::error(Offset offset, std::string message) {
  if (found_.size() < enough_errors) found_.emplace_back(offset, std::move(message));
}

std::string Findings::line(Offset offset) const {
  return found_.size() < enough_errors ? concat({"line ", std::to_string(position(offset).line)}) : "";
}

std::vector<Diagnostic> Findings::diagnostics() && {
  std::ranges::stable_sort(found_, {}, [](const auto& finding) { return finding.first; });
  std::vector<Diagnostic> result;
  for (auto& [offset, message] : found_)
    result.push_back({Severity::error, position(offset), std::move(message)});
  return result;
}

std::vector<Position> Findings::positions(const std::vector<Offset>& offsets) const {
  std::vector<Position> result;
  std::size_t line = 1;
  Offset line_start = 0;
  Offset line_end = text_.find('\n');
  for (const Offset offset : offsets) {
    while (line_end < offset) {
      ++line;
      line_start = line_end + 1;
      line_end = text_.find('\n', line_start);
    }
    result.push_back({line, offset - line_start + 1});
  }
  return result;
}

Position Findings::position(Offset offset) const { return positions({std::min(offset, text_.size())})[0]; }

}  // namespace pushmetrics::json
