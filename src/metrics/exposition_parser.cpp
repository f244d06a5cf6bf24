#include "metrics/exposition_parser.hpp"

#include "metrics/exposition_complaints.hpp"
#include "metrics/exposition_number.hpp"
#include "metrics/text_scan.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <cstring>

namespace pushmetrics {
namespace {

using Next = ExpositionHandler::Next;
using Repair = ExpositionRepair::Kind;

std::string_view slice(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// Pushgateway keeps these labels of a histogram or summary apart from the others, and does not look for
/// duplicates among them.
bool may_be_repeated(std::string_view label_name) { return label_name == "le" || label_name == "quantile"; }

std::string_view without_trailing_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// Reads line by line; `at_` is the place where reading stands.
class Reader {
 public:
  Reader(std::string_view text, Strictness strictness, ExpositionHandler& handler)
      : at_(text.data()), end_(text.data() + text.size()), strictness_(strictness), handler_(handler) {}

  void read() {
    skip_byte_order_mark();
    for (line_.number = 1; at_ != end_ && next_ == Next::go_on; ++line_.number) {
      if (line_.number > 1) line_.begin = at_;
      if (!read_line()) to_next_line();
    }
  }

 private:
  // Each part of a line is read by a function that says whether it was good. A bad one has been told; its
  // line is given up.

  bool read_line();
  bool read_comment();
  bool read_metadata(ExpositionMetadata::Kind kind);
  bool read_help(ExpositionMetadata& metadata);
  bool read_type(ExpositionMetadata& metadata);
  bool read_plain_sample();
  bool read_braced_name();
  bool read_labels();
  bool read_label(RawLabel& label, bool& as_before);
  bool read_label_value(RawLabel& label);
  bool read_value(std::string_view name);
  bool read_timestamp(std::string_view& blanks);
  bool end_line();

  bool read_name(scan::CharacterClass start, scan::CharacterClass rest, std::string_view& name);
  bool read_quoted(std::string_view& name);
  bool names_are_unique();

  void skip_byte_order_mark();
  void to_next_line();
  std::string_view rest_of_line() const;
  /// The same, without the carriage return that may be repaired.
  std::string_view line_content() const;
  bool at_line_end() const;
  bool is(char c) const { return at_ != end_ && *at_ == c; }
  void skip_blanks() { at_ = scan::skip_blanks(at_, end_); }
  bool lenient() const { return strictness_ == Strictness::lenient; }

  bool fail(std::string message) { return fail_at(at_, std::move(message)); }
  bool fail_at(const char* place, std::string message) {
    next_ = handler_.on_error({Severity::error, line_.at({place, 0}), std::move(message)});
    return false;
  }
  void repair(Repair kind, std::string_view replaced, std::string_view replacement = {}) {
    handler_.on_repair({kind, line_.at(replaced), replaced, replacement});
  }

  const char* at_;
  const char* end_;
  Strictness strictness_;
  ExpositionHandler& handler_;
  Next next_ = Next::go_on;
  ExpositionLine line_{1, at_};
  ExpositionSample sample_;
  /// The labels of this line up to label_count_, behind that those of earlier lines. Most lines have the same
  /// label names as the one before, so reading them begins with a comparison. As many as known_labels_ stood
  /// in one line, and are good and unique.
  std::vector<RawLabel> labels_;
  std::size_t label_count_ = 0;
  std::size_t known_labels_ = 0;
};

void Reader::skip_byte_order_mark() {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (!slice(at_, end_).starts_with(mark)) return;
  if (lenient())
    repair(Repair::byte_order_mark, {at_, mark.size()});
  else
    fail(complaint::metric_name(rest_of_line()));
  at_ += mark.size();
}

void Reader::to_next_line() {
  const void* newline = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
  at_ = newline == nullptr ? end_ : static_cast<const char*>(newline) + 1;
}

std::string_view Reader::rest_of_line() const {
  const std::string_view rest = slice(at_, end_);
  return rest.substr(0, rest.find('\n'));
}

std::string_view Reader::line_content() const {
  std::string_view rest = rest_of_line();
  if (lenient() && rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

/// A carriage return counts as the end only where it may be repaired.
bool Reader::at_line_end() const {
  if (at_ == end_ || *at_ == '\n') return true;
  return *at_ == '\r' && lenient() && (at_ + 1 == end_ || at_[1] == '\n');
}

/// All was read but the line's end.
bool Reader::end_line() {
  if (is('\r')) repair(Repair::carriage_return, {at_++, 1});
  if (at_ == end_) {
    if (lenient())
      repair(Repair::final_newline, {at_, 0}, "\n");
    else
      return fail("the last line has no newline at its end: add one");
  } else {
    ++at_;
  }
  return true;
}

bool Reader::read_line() {
  skip_blanks();
  if (at_ == end_) return true;
  if (*at_ == '#') return read_comment();
  if (*at_ == '{') return read_braced_name() && read_labels() && read_value({});
  if (at_line_end()) {
    if (is('\r')) repair(Repair::carriage_return, {at_++, 1});
    if (is('\n')) ++at_;
    return true;
  }
  return read_plain_sample();
}

bool Reader::read_comment() {
  const char* hash = at_;
  if (lenient() && without_trailing_blanks(line_content()) == "# EOF") {
    to_next_line();
    repair(Repair::end_marker, slice(hash, at_));
    return true;
  }
  ++at_;
  skip_blanks();
  const std::string_view keyword = slice(at_, scan::skip_word(at_, end_));
  at_ += keyword.size();
  if (keyword == "HELP") return read_metadata(ExpositionMetadata::Kind::help);
  if (keyword == "TYPE") return read_metadata(ExpositionMetadata::Kind::type);
  const std::string_view content = line_content();
  at_ = content.data() + content.size();
  return end_line();
}

bool Reader::read_metadata(ExpositionMetadata::Kind kind) {
  skip_blanks();
  if (at_line_end()) return end_line();
  ExpositionMetadata metadata;
  metadata.kind = kind;
  const std::string_view rest = rest_of_line();
  if (!read_name(scan::metric_start, scan::metric_rest, metadata.name)) return false;
  if (rest[0] == '"') repair(Repair::quoted_name, slice(rest.data(), at_), metadata.name);
  if (at_line_end()) return end_line();
  if (metadata.name.empty() || !scan::is_blank(*at_)) {
    at_ = rest.data();
    return fail(complaint::metadata_name(rest));
  }
  skip_blanks();
  if (!at_line_end() && !(kind == ExpositionMetadata::Kind::help ? read_help(metadata) : read_type(metadata)))
    return false;
  handler_.on_metadata(line_, metadata);
  return end_line();
}

bool Reader::read_help(ExpositionMetadata& metadata) {
  metadata.help = line_content();
  const char* end = metadata.help.data() + metadata.help.size();
  while ((at_ = std::find(at_, end, '\\')) != end) {
    const char escaped = at_ + 1 == end ? '\n' : at_[1];
    if (escaped != '\\' && escaped != 'n' && escaped != '"') return fail(complaint::escape(slice(at_, end)));
    if (escaped == '"') repair(Repair::help_escape, {at_, 1});
    at_ += 2;
  }
  return true;
}

bool Reader::read_type(ExpositionMetadata& metadata) {
  const std::string_view content = line_content();
  const std::string_view word = lenient() ? without_trailing_blanks(content) : content;
  metadata.type = metric_type_from(word);
  if (!metadata.type) return fail(complaint::type(content));
  if (word.size() == std::string_view("gauge_histogram").size())
    return fail(
        "the type `gauge_histogram` is taken by Pushgateway, but makes version 1.5 cut its /metrics short, "
        "and "
        "crashes a node_exporter: write gaugehistogram");
  at_ += content.size();
  if (word.size() != content.size()) repair(Repair::trailing_space, content.substr(word.size()));
  return true;
}

/// A name, or an empty slice if none stands here; from Pushgateway 1.11 on it may be quoted.
bool Reader::read_name(scan::CharacterClass start, scan::CharacterClass rest, std::string_view& name) {
  const char* begin = at_;
  name = {};
  if (is('"')) {
    const bool good =
        read_quoted(name) && scan::is_in(name[0], start) &&
        scan::skip_class(name.data(), name.data() + name.size(), rest) == name.data() + name.size();
    if (good) return true;
    at_ = begin;
    return fail(start == scan::metric_start ? complaint::metric_name(rest_of_line())
                                            : complaint::label_name(rest_of_line()));
  }
  if (at_ == end_ || !scan::is_in(*at_, start)) return true;
  at_ = scan::skip_class(at_, end_, rest);
  if (is('"')) return fail(complaint::quote_within_name(slice(begin, at_)));
  name = slice(begin, at_);
  return true;
}

bool Reader::read_quoted(std::string_view& name) {
  const std::string_view rest = rest_of_line();
  const std::size_t end = rest.find('"', 1);
  if (end == std::string_view::npos || end == 1) return false;
  name = rest.substr(1, end - 1);
  at_ += end + 1;
  return true;
}

bool Reader::read_plain_sample() {
  const char* begin = at_;
  if (!read_name(scan::metric_start, scan::metric_rest, sample_.name)) return false;
  if (sample_.name.empty()) return fail(complaint::metric_name(rest_of_line()));
  if (*begin == '"') repair(Repair::quoted_name, slice(begin, at_), sample_.name);
  sample_.name_in_braces = false;
  const bool blank = at_ != end_ && scan::is_blank(*at_);
  if (blank) skip_blanks();
  label_count_ = 0;
  if (!is('{')) return read_value(blank ? std::string_view() : sample_.name);
  ++at_;
  return read_labels() && read_value({});
}

/// `{"name",` or `{name}`; leaves at_ before the labels.
bool Reader::read_braced_name() {
  const char* begin = at_++;
  skip_blanks();
  const char* name_begin = at_;
  const bool is_quoted = is('"');
  if (!read_name(is_quoted ? scan::metric_start : scan::label_start,
                 is_quoted ? scan::metric_rest : scan::label_rest, sample_.name))
    return false;
  if (sample_.name.empty()) {
    at_ = begin;
    return fail("a sample without a metric name: write the name before the brace");
  }
  skip_blanks();
  if (is('=')) {
    at_ = name_begin;
    return fail(
        "a sample without a metric name: write the name before the brace (inside it, it would have to come "
        "first)");
  }
  if (!is(',') && !is('}')) return fail(complaint::after_label(rest_of_line()));
  if (is(',')) ++at_;
  sample_.name_in_braces = true;
  repair(Repair::quoted_name, slice(begin, sample_.name.data()));
  repair(Repair::quoted_name, slice(sample_.name.data() + sample_.name.size(), at_), "{");
  return true;
}

/// From behind the opening brace to behind the closing one.
bool Reader::read_labels() {
  bool as_before = true;
  for (label_count_ = 0;; ++label_count_) {
    skip_blanks();
    if (is('}')) break;
    if (labels_.size() == label_count_) labels_.emplace_back();
    if (!read_label(labels_[label_count_], as_before)) return false;
    skip_blanks();
    if (is('}')) {
      ++label_count_;
      break;
    }
    if (!is(',')) return fail(complaint::after_label(rest_of_line()));
    ++at_;
  }
  ++at_;
  skip_blanks();
  if (as_before) return true;
  if (!names_are_unique()) return false;
  known_labels_ = label_count_;
  return true;
}

/// On entry `label` is the one that stood here in an earlier line. `as_before` becomes false when this one
/// has another name.
bool Reader::read_label(RawLabel& label, bool& as_before) {
  const std::size_t size = label.name.size();
  if (as_before && label_count_<known_labels_&& static_cast<std::size_t>(end_ - at_)> size + 1 &&
      at_[size] == '=' && at_[size + 1] == '"' && std::memcmp(at_, label.name.data(), size) == 0) {
    label.name = {at_, size};
    at_ += size + 2;
    return read_label_value(label);
  }
  as_before = false;
  known_labels_ = 0;
  const char* begin = at_;
  if (!read_name(scan::label_start, scan::label_rest, label.name)) return false;
  if (label.name.empty()) return fail(complaint::label_name(rest_of_line()));
  if (label.name.starts_with("__"))
    return fail_at(begin, "label names that begin with `__` are reserved for Prometheus' own use: rename it");
  if (*begin == '"') repair(Repair::quoted_name, slice(begin, at_), label.name);
  skip_blanks();
  if (!is('=')) return fail(complaint::equals_sign(label.name, rest_of_line()));
  ++at_;
  skip_blanks();
  if (!is('"')) return fail(complaint::label_quote(label.name, rest_of_line()));
  ++at_;
  return read_label_value(label);
}

/// From behind the opening quote to behind the closing one.
bool Reader::read_label_value(RawLabel& label) {
  const char* begin = at_;
  bool ascii = true;
  for (;;) {
    at_ = scan::skip_plain_text(at_, end_);
    if (at_ == end_ || *at_ == '\n')
      return fail_at(begin,
                     "the label value has no closing quote in this line (a line break is written \\n)");
    if (*at_ == '"') break;
    if (*at_ != '\\') {
      ascii = false;
      ++at_;
    } else if (at_ + 1 != end_ && (at_[1] == '\\' || at_[1] == 'n' || at_[1] == '"')) {
      at_ += 2;
    } else {
      return fail(complaint::escape(rest_of_line()));
    }
  }
  label.value = slice(begin, at_);
  if (!ascii && !is_valid_utf8(label.value))
    return fail_at(begin, "the label value is not valid UTF-8: convert the text to UTF-8");
  ++at_;
  return true;
}

bool Reader::names_are_unique() {
  const std::span labels(labels_.data(), label_count_);
  constexpr std::size_t few = 32;
  if (labels.size() > few) {
    std::vector<std::string_view> names;
    for (const RawLabel& label : labels)
      if (!may_be_repeated(label.name)) names.push_back(label.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    return twice == names.end() ||
           fail_at(std::max(twice[0].data(), twice[1].data()), complaint::repeated_label(*twice));
  }
  for (std::size_t i = 1; i < labels.size(); ++i)
    if (std::ranges::find(labels.first(i), labels[i].name, &RawLabel::name) !=
            labels.begin() + static_cast<std::ptrdiff_t>(i) &&
        !may_be_repeated(labels[i].name))
      return fail_at(labels[i].name.data(), complaint::repeated_label(labels[i].name));
  return true;
}

/// The rest of a sample's line. `name` is the metric's when nothing stands between it and the value.
bool Reader::read_value(std::string_view name) {
  const char* end = scan::skip_word(at_, end_);
  if (lenient() && end != at_ && end[-1] == '\r' && (end == end_ || *end == '\n')) --end;
  sample_.value = slice(at_, end);
  if (!is_exposition_number(sample_.value)) return fail(complaint::value(sample_.value, name));
  at_ = end;
  sample_.timestamp = {};
  std::string_view blanks;
  if (!at_line_end() && !read_timestamp(blanks)) return false;
  sample_.labels = {labels_.data(), label_count_};
  handler_.on_sample(line_, sample_);
  if (!blanks.empty()) repair(Repair::trailing_space, blanks);
  return end_line();
}

/// What stands between the value and the line's end; `blanks` are those that should not be there.
bool Reader::read_timestamp(std::string_view& blanks) {
  const char* begin = at_;
  skip_blanks();
  if (!at_line_end()) {
    std::string_view word = slice(at_, scan::skip_word(at_, end_));
    if (lenient() && word.ends_with('\r')) word.remove_suffix(1);
    if (!is_exposition_timestamp(word)) return fail(complaint::timestamp(rest_of_line()));
    sample_.timestamp = word;
    at_ += word.size();
    begin = at_;
    skip_blanks();
  }
  blanks = slice(begin, at_);
  if (at_line_end() && (blanks.empty() || lenient())) return true;
  at_ = begin;
  return fail(complaint::after_value(rest_of_line()));
}

std::string unescape(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\' && i + 1 < raw.size())
      text += raw[++i] == 'n' ? '\n' : raw[i];
    else
      text += raw[i];
  }
  return text;
}

}  // namespace

void read_exposition(std::string_view text, Strictness strictness, ExpositionHandler& handler) {
  Reader(text, strictness, handler).read();
}

std::string unescape_label_value(std::string_view raw) { return unescape(raw); }
std::string unescape_help(std::string_view raw) { return unescape(raw); }

}  // namespace pushmetrics
