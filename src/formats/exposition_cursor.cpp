#include "formats/exposition_cursor.hpp"

#include "formats/exposition_errors.hpp"

#include <cstring>
#include <utility>

namespace pushmetrics {

void ExpositionCursor::skip_byte_order_mark() {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (!slice(at_, end_).starts_with(mark)) return;
  if (lenient())
    repair(Repair::byte_order_mark, slice(at_, at_ + mark.size()));
  else
    fail(parse_error::metric_name(rest_of_line()));
  at_ += mark.size();
}

void ExpositionCursor::to_next_line() {
  const void* newline = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
  at_ = newline == nullptr ? end_ : static_cast<const char*>(newline) + 1;
}

std::string_view ExpositionCursor::rest_of_line() const {
  const std::string_view rest = slice(at_, end_);
  return rest.substr(0, rest.find('\n'));
}

std::string_view ExpositionCursor::line_content() const {
  std::string_view rest = rest_of_line();
  if (lenient() && rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

bool ExpositionCursor::end_line() {
  if (is('\r')) {
    repair(Repair::carriage_return, slice(at_, at_ + 1));
    ++at_;
  }
  if (at_ == end_) {
    if (lenient())
      repair(Repair::final_newline, slice(at_, at_), "\n");
    else
      return fail("the last line has no newline at its end: add one");
  } else {
    ++at_;
  }
  return true;
}

bool ExpositionCursor::read_name(scan::CharacterClass start, scan::CharacterClass rest,
                                 std::string_view& name) {
  const char* begin = at_;
  name = {};
  if (is('"')) {
    const bool good =
        read_quoted(name) && scan::is_in(name[0], start) &&
        scan::skip_class(name.data(), name.data() + name.size(), rest) == name.data() + name.size();
    if (good) return true;
    name = {};
    at_ = begin;
    return fail(start == scan::metric_start ? parse_error::metric_name(rest_of_line())
                                            : parse_error::label_name(rest_of_line()));
  }
  if (at_ == end_ || !scan::is_in(*at_, start)) return true;
  at_ = scan::skip_class(at_, end_, rest);
  if (is('"')) return fail(parse_error::quote_within_name(slice(begin, at_)));
  name = slice(begin, at_);
  return true;
}

bool ExpositionCursor::read_quoted(std::string_view& name) {
  const std::string_view rest = rest_of_line();
  const std::size_t end = rest.find('"', 1);
  if (end == std::string_view::npos || end == 1) return false;
  name = rest.substr(1, end - 1);
  at_ += end + 1;
  return true;
}

bool ExpositionCursor::fail_at(const char* place, std::string message) {
  next_ = handler_.on_error({Severity::error, line_.at(slice(place, place)), std::move(message)});
  return false;
}

void ExpositionCursor::repair(Repair kind, std::string_view replaced, std::string_view replacement) {
  handler_.on_repair({kind, line_.at(replaced), replaced, replacement});
}

}  // namespace pushmetrics
