#include "metrics/exposition_parser.hpp"

#include "metrics/exposition_complaints.hpp"
#include "metrics/exposition_cursor.hpp"
#include "metrics/exposition_number.hpp"
#include "metrics/text_scan.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <cstring>

namespace pushmetrics {
namespace {

/// Pushgateway keeps these labels of a histogram or summary apart from the others, and does not look for
/// duplicates among them.
bool may_be_repeated(const RawLabel& label) {
  return label.role == LabelRole::le || label.role == LabelRole::quantile;
}

LabelRole role_of(std::string_view label_name) {
  if (label_name == "le") return LabelRole::le;
  if (label_name == "quantile") return LabelRole::quantile;
  if (label_name == "job") return LabelRole::job;
  return label_name == "instance" ? LabelRole::instance : LabelRole::none;
}

std::string_view without_trailing_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// Reads line by line.
class Reader : private ExpositionCursor {
 public:
  using ExpositionCursor::ExpositionCursor;

  void read() {
    skip_byte_order_mark();
    for (line_.number = 1; at_ != end_ && next_ == Next::go_on; ++line_.number) {
      if (line_.number > 1) line_.begin = at_;
      if (read_line()) continue;
      sample_.name = {};
      to_next_line();
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
  bool skip_same_name();
  bool read_braced_name();
  bool read_labels();
  bool skip_known_name(std::size_t index);
  bool read_other_labels();
  bool read_label_name(RawLabel& label);
  bool read_label_value(RawLabel& label);
  bool read_rest_of_label_value(const char* begin);
  bool read_value(std::string_view name);
  bool read_timestamp(std::string_view& blanks);
  bool names_are_unique();
  std::size_t count_ordered() const;

  /// What comes before a label's value, from the brace or the closing quote before it: `{path="`, `",path="`.
  struct Opening {
    std::string_view text;
    std::size_t name_at = 0;
  };

  ExpositionSample sample_;
  /// The labels of this line up to label_count_.
  std::vector<RawLabel> labels_;
  std::size_t label_count_ = 0;
  /// Most lines have the same label names as the one before, so reading them begins with a comparison. As
  /// many as known_labels_ stood in one line, and are good and unique.
  std::vector<Opening> openings_;
  std::size_t known_labels_ = 0;
  bool known_roles_ = false;
  std::size_t known_ordered_ = 0;
};

bool Reader::read_line() {
  skip_blanks();
  if (at_ == end_) return true;
  if (*at_ == '#') return read_comment();
  if (*at_ == '{') return read_braced_name() && read_other_labels() && read_value({});
  if (at_line_end()) {
    if (is('\r')) {
      repair(Repair::carriage_return, slice(at_, at_ + 1));
      ++at_;
    }
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
    if (escaped == '"') repair(Repair::help_escape, slice(at_, at_ + 1));
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

/// Reads the name of the sample before, if it stands here again.
bool Reader::skip_same_name() {
  const std::size_t size = sample_.name.size();
  const bool is_same = size != 0 && static_cast<std::size_t>(end_ - at_) > size &&
                       (at_[size] == '{' || at_[size] == ' ') &&
                       scan::same_bytes(at_, sample_.name.data(), size);
  if (!is_same) return false;
  sample_.name = {at_, size};
  at_ += size;
  return true;
}

bool Reader::read_plain_sample() {
  sample_.repeats_name = skip_same_name();
  if (!sample_.repeats_name) {
    const char* begin = at_;
    if (!read_name(scan::metric_start, scan::metric_rest, sample_.name)) return false;
    if (sample_.name.empty()) return fail(complaint::metric_name(rest_of_line()));
    if (*begin == '"') {
      // The value may follow the quote at once, and must not become a part of the name.
      const bool is_apart = at_line_end() || is('{') || scan::is_blank(*at_);
      repair(Repair::quoted_name, slice(begin, begin + 1));
      repair(Repair::quoted_name, slice(at_ - 1, at_), is_apart ? "" : " ");
    }
  }
  sample_.name_in_braces = false;
  const bool blank = at_ != end_ && scan::is_blank(*at_);
  if (blank) skip_blanks();
  if (is('{')) return read_labels() && read_value({});
  label_count_ = 0;
  return read_value(blank ? std::string_view() : sample_.name);
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
  sample_.repeats_name = false;
  label_count_ = 0;
  repair(Repair::quoted_name, slice(begin, sample_.name.data()));
  repair(Repair::quoted_name, slice(sample_.name.data() + sample_.name.size(), at_), "{");
  return true;
}

/// From the opening brace to the value.
bool Reader::read_labels() {
  for (label_count_ = 0; label_count_ < known_labels_ && skip_known_name(label_count_); ++label_count_)
    if (!read_label_value(labels_[label_count_])) return false;
  const bool as_before = end_ - at_ > 1 && at_[1] == '}';
  if (!as_before) return ++at_, read_other_labels();
  at_ += 2;
  skip_blanks();
  return true;
}

/// From the brace or quote before the label to its value, if what stands between is known.
bool Reader::skip_known_name(std::size_t index) {
  const Opening& opening = openings_[index];
  const std::size_t size = opening.text.size();
  if (static_cast<std::size_t>(end_ - at_) <= size || !scan::same_bytes(at_, opening.text.data(), size))
    return false;
  labels_[index].name = {at_ + opening.name_at, labels_[index].name.size()};
  at_ += size;
  return true;
}

/// From behind a brace, or the quote that closes the last of label_count_ labels, to the value.
bool Reader::read_other_labels() {
  known_labels_ = 0;
  bool is_plain = !sample_.name_in_braces;
  for (;; ++label_count_) {
    const char* begin = at_ - 1;
    skip_blanks();
    if (label_count_ != 0 && !is('}')) {
      if (!is(',')) return fail(complaint::after_label(rest_of_line()));
      ++at_;
      skip_blanks();
    }
    if (is('}')) break;
    if (labels_.size() == label_count_) labels_.emplace_back(), openings_.emplace_back();
    RawLabel& label = labels_[label_count_];
    is_plain = is_plain && !is('"');
    if (!read_label_name(label)) return false;
    openings_[label_count_] = {slice(begin, at_), static_cast<std::size_t>(label.name.data() - begin)};
    if (!read_label_value(label)) return false;
    ++at_;
  }
  ++at_;
  skip_blanks();
  if (!names_are_unique()) return false;
  const std::span labels(labels_.data(), label_count_);
  known_labels_ = is_plain ? label_count_ : 0;
  known_ordered_ = count_ordered();
  known_roles_ =
      std::ranges::any_of(labels, [](const RawLabel& label) { return label.role != LabelRole::none; });
  return true;
}

/// To behind the quote that opens the value.
bool Reader::read_label_name(RawLabel& label) {
  const char* begin = at_;
  if (!read_name(scan::label_start, scan::label_rest, label.name)) return false;
  if (label.name.empty()) return fail(complaint::label_name(rest_of_line()));
  label.role = role_of(label.name);
  if (label.name.starts_with("__"))
    return fail_at(begin, "label names that begin with `__` are reserved for Prometheus' own use: rename it");
  if (*begin == '"') repair(Repair::quoted_name, slice(begin, at_), label.name);
  skip_blanks();
  if (!is('=')) return fail(complaint::equals_sign(label.name, rest_of_line()));
  ++at_;
  skip_blanks();
  if (!is('"')) return fail(complaint::label_quote(label.name, rest_of_line()));
  ++at_;
  return true;
}

/// From behind the opening quote to the closing one.
bool Reader::read_label_value(RawLabel& label) {
  const char* begin = at_;
  at_ = scan::skip_plain_text(at_, end_);
  if ((at_ == end_ || *at_ != '"') && !read_rest_of_label_value(begin)) return false;
  label.value = slice(begin, at_);
  return true;
}

/// From the first byte that is not plain text.
bool Reader::read_rest_of_label_value(const char* begin) {
  bool ascii = true;
  for (;; at_ = scan::skip_plain_text(at_, end_)) {
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
  return ascii || is_valid_utf8(slice(begin, at_)) ||
         fail_at(begin, "the label value is not valid UTF-8: convert the text to UTF-8");
}

bool Reader::names_are_unique() {
  const std::span labels(labels_.data(), label_count_);
  constexpr std::size_t few = 32;
  if (labels.size() > few) {
    std::vector<std::string_view> names;
    for (const RawLabel& label : labels)
      if (!may_be_repeated(label)) names.push_back(label.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    return twice == names.end() ||
           fail_at(std::max(twice[0].data(), twice[1].data()), complaint::repeated_label(*twice));
  }
  for (std::size_t i = 1; i < labels.size(); ++i)
    if (std::ranges::find(labels.first(i), labels[i].name, &RawLabel::name) !=
            labels.begin() + static_cast<std::ptrdiff_t>(i) &&
        !may_be_repeated(labels[i]))
      return fail_at(labels[i].name.data(), complaint::repeated_label(labels[i].name));
  return true;
}

/// See ExpositionSample::ordered_labels.
std::size_t Reader::count_ordered() const {
  for (std::size_t i = 0; i < label_count_; ++i) {
    const std::string_view name = labels_[i].name;
    const std::size_t compact = name.size() + (i == 0 ? std::string_view("{=\"") : "\",=\"").size();
    if (openings_[i].text.size() != compact || (i != 0 && name <= labels_[i - 1].name)) return i;
  }
  return label_count_;
}

/// The rest of a sample's line. `name` is the metric's when nothing stands between it and the value.
bool Reader::read_value(std::string_view name) {
  sample_.labels = {labels_.data(), label_count_};
  sample_.has_roles = label_count_ != 0 && known_roles_;
  sample_.ordered_labels = std::min(known_ordered_, label_count_);
  sample_.timestamp = {};
  if (const char* end = scan::skip_short_decimal(at_, end_); end != at_) {
    sample_.value = slice(at_, end);
    at_ = end + 1;
    handler_.on_sample(line_, sample_);
    return true;
  }

  const char* end = scan::skip_word(at_, end_);
  if (lenient() && end != at_ && end[-1] == '\r' && (end == end_ || *end == '\n')) --end;
  sample_.value = slice(at_, end);
  if (!is_exposition_number(sample_.value)) return fail(complaint::value(sample_.value, name));
  at_ = end;
  std::string_view blanks;
  if (!at_line_end() && !read_timestamp(blanks)) return false;
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
