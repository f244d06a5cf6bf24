#include "formats/json_input.hpp"

#include "formats/json_families.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace pushmetrics {
namespace {

using json::Findings;
using json::Node;
using json::Offset;
using Kind = json::Node::Kind;

/// Follows the document token by token, and finds where each begins: nlohmann's events do not say.
class TokenCursor {
 public:
  explicit TokenCursor(std::string_view text) : text_(text), at_(text.starts_with("\xEF\xBB\xBF") ? 3 : 0) {}

  std::pair<Offset, std::string_view> next() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n,:", at_), text_.size());
    const Offset start = at_;
    if (start == text_.size()) return {start, {}};
    const char first = text_[start];
    if (first == '"') {
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
        if (text_[at_] == '\\') ++at_;
      ++at_;
    } else if (std::string_view("{}[]").find(first) != std::string_view::npos) {
      ++at_;
    } else {
      at_ = text_.find_first_of(" \t\r\n,:{}[]\"", at_);
    }
    at_ = std::min(at_, text_.size());
    return {start, text_.substr(start, at_ - start)};
  }

 private:
  std::string_view text_;
  Offset at_;
};

/// nlohmann's events, put together to one entry of the document at a time.
class EntryReader {
 public:
  EntryReader(std::string_view text, Findings& findings, json::FamilyBuilder& builder)
      : cursor_(text), findings_(findings), builder_(builder) {}

  bool null() { return scalar(Kind::null); }
  bool boolean(bool /*value*/) { return scalar(Kind::boolean); }
  bool number_integer(std::int64_t value) { return scalar(Kind::number, static_cast<double>(value)); }
  bool number_unsigned(std::uint64_t value) { return scalar(Kind::number, static_cast<double>(value)); }
  bool number_float(double value, const std::string& /*spelled*/) { return scalar(Kind::number, value); }
  bool string(std::string& value) {
    const Offset offset = cursor_.next().first;
    return add({Kind::string, offset, std::move(value), 0, {}});
  }
  bool binary(nlohmann::json::binary_t& /*value*/) { return false; }
  bool start_object(std::size_t /*size*/) { return open(Kind::object); }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*size*/) { return open(Kind::array); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    const Offset offset = cursor_.next().first;
    if (ignored_depth_ == 0) open_.back().members.push_back({std::move(name), offset, {}});
    return true;
  }

  /// To nlohmann a document may end in a NUL, whatever follows it.
  void refuse_rest() {
    if (const auto [offset, token] = cursor_.next(); !token.empty())
      findings_.error(offset, "not JSON: nothing may follow the end of the document, not even a NUL");
  }

  bool parse_error(std::size_t bytes_read, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what is wrong": the place is ours to
    // say.
    std::string_view reason = error.what();
    reason.remove_prefix(std::min(reason.find("] ") + 2, reason.size()));
    if (reason.starts_with("parse error"))
      reason.remove_prefix(std::min(reason.find(": ") + 2, reason.size()));
    reason = reason.substr(0, reason.find("; last read"));
    const auto [offset, token] = cursor_.next();
    const bool unquoted = json::special_number(token).has_value();
    findings_.error(unquoted ? offset : bytes_read - std::min<std::size_t>(bytes_read, 1),
                    concat({"not JSON: ", printable(reason), unquoted ? "; put it in quotes" : ""}));
    return false;
  }

 private:
  /// The document, an entry, its labels.
  static constexpr std::size_t max_depth = 3;

  bool scalar(Kind kind, double number = 0) {
    const auto [offset, token] = cursor_.next();
    return add({kind, offset, std::string(token), number, {}});
  }

  bool open(Kind kind) {
    const Offset offset = cursor_.next().first;
    const bool has_use = open_.empty() || (kind == Kind::object && open_.size() < max_depth);
    // What is nested otherwise stays an empty node, for the builder to refuse.
    if (ignored_depth_ > 0 || !has_use) {
      add({kind, offset, {}, 0, {}});
      ++ignored_depth_;
    } else {
      open_.push_back({kind, offset, {}, 0, {}});
    }
    return true;
  }

  bool close() {
    cursor_.next();
    if (ignored_depth_ > 0) {
      --ignored_depth_;
      return true;
    }
    Node node = std::move(open_.back());
    open_.pop_back();
    return open_.empty() || add(std::move(node));
  }

  bool add(Node node) {
    if (ignored_depth_ > 0) return true;
    if (open_.empty()) {
      findings_.error(node.offset,
                      concat({"an object or an array of metrics is wanted, not ", describe(node.kind)}));
      return true;
    }
    Node& parent = open_.back();
    if (parent.kind == Kind::array) {
      builder_.add_element(node);
      return true;
    }
    parent.members.back().value = std::move(node);
    if (open_.size() == 1) {
      builder_.add_member(parent.members.back());
      parent.members.clear();
    }
    return true;
  }

  TokenCursor cursor_;
  Findings& findings_;
  json::FamilyBuilder& builder_;
  std::vector<Node> open_;
  std::size_t ignored_depth_ = 0;
};

}  // namespace

JsonMetrics parse_json_metrics(std::string_view text, const GroupingKey* group) {
  Findings findings(text);
  json::FamilyBuilder builder(findings, group);
  EntryReader reader(text, findings, builder);
  if (nlohmann::json::sax_parse(text, &reader)) reader.refuse_rest();
  auto [metrics, lines, offsets] = std::move(builder).build();
  const std::vector<Position> positions = findings.positions(offsets);
  std::vector<JsonMetrics::Place> places;
  places.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) places.push_back({lines[i], positions[i]});
  return {std::move(metrics), std::move(places), std::move(findings).diagnostics()};
}

Position JsonMetrics::origin(std::size_t line) const {
  const auto next = std::ranges::upper_bound(places, line, {}, &Place::line);
  return next == places.begin() ? Position{} : std::prev(next)->position;
}

}  // namespace pushmetrics
