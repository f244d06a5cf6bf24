#pragma once

#include "formats/exposition_parser.hpp"
#include "formats/text_scan.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

inline std::string_view slice(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// A place in an exposition text and what can be read there in any kind of line: the base of the reader.
class ExpositionCursor {
 public:
  ExpositionCursor(std::string_view text, Strictness strictness, ExpositionHandler& handler)
      : at_(text.data()), end_(text.data() + text.size()), strictness_(strictness), handler_(handler) {}

 protected:
  using Next = ExpositionHandler::Next;
  using Repair = ExpositionRepair::Kind;

  bool is(char c) const { return at_ != end_ && *at_ == c; }
  bool lenient() const { return strictness_ == Strictness::lenient; }
  /// A carriage return counts as the end only where it may be repaired.
  bool at_line_end() const {
    if (at_ == end_ || *at_ == '\n') return true;
    return *at_ == '\r' && lenient() && (at_ + 1 == end_ || at_[1] == '\n');
  }
  std::string_view rest_of_line() const;
  /// The same, without the carriage return that may be repaired.
  std::string_view line_content() const;

  void skip_blanks() { at_ = scan::skip_blanks(at_, end_); }
  void skip_byte_order_mark();
  void to_next_line();

  // These say whether what they read was good. If not, they have reported the error.

  /// All was read but the line's end.
  bool end_line();
  /// A name, or an empty slice if none stands here; from Pushgateway 1.11 on it may be quoted.
  bool read_name(scan::CharacterClass start, scan::CharacterClass rest, std::string_view& name);

  /// Tells of an error, for the caller to return: false.
  bool fail(std::string message) { return fail_at(at_, std::move(message)); }
  bool fail_at(const char* place, std::string message);
  void repair(Repair kind, std::string_view replaced, std::string_view replacement = {});

  const char* at_;
  const char* end_;
  Strictness strictness_;
  ExpositionHandler& handler_;
  Next next_ = Next::go_on;
  ExpositionLine line_{1, at_};

 private:
  bool read_quoted(std::string_view& name);
};

}  // namespace pushmetrics
