#include "formats/exposition_parser.hpp"

#include "formats/exposition_errors.hpp"
#include "formats/exposition_labels.hpp"
#include "formats/exposition_number.hpp"
#include "formats/text_scan.hpp"

#include <algorithm>

namespace pushmetrics {
namespace {

std::string_view without_trailing_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// Reads line by line.
class Reader : private ExpositionLabels {
 public:
  using ExpositionLabels::ExpositionLabels;

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
  // Each part of a line is read by a function that says whether it was good. A bad one has been reported; its
  // line is given up.

  bool read_line();
  bool read_comment();
  bool read_metadata(ExpositionMetadata::Kind kind);
  bool read_help(ExpositionMetadata& metadata);
  bool read_type(ExpositionMetadata& metadata);
  bool read_plain_sample();
  bool skip_same_name();
  bool read_braced_name();
  bool read_value(std::string_view name);
  bool read_timestamp(std::string_view& blanks);

  ExpositionSample sample_;
};

bool Reader::read_line() {
  skip_blanks();
  if (at_ == end_) return true;
  if (*at_ == '#') return read_comment();
  if (*at_ == '{') return read_braced_name() && read_labels_after_name() && read_value({});
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
    return fail(parse_error::metadata_name(rest));
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
    if (escaped != '\\' && escaped != 'n' && escaped != '"')
      return fail(parse_error::escape(slice(at_, end)));
    if (escaped == '"') repair(Repair::help_escape, slice(at_, at_ + 1));
    at_ += 2;
  }
  return true;
}

bool Reader::read_type(ExpositionMetadata& metadata) {
  const std::string_view content = line_content();
  const std::string_view word = lenient() ? without_trailing_blanks(content) : content;
  metadata.type = metric_type_from(word);
  if (!metadata.type) return fail(parse_error::type(content));
  if (word.size() == std::string_view("gauge_histogram").size())
    return fail(
        "the type `gauge_histogram` is taken by Pushgateway, but makes version 1.5 cut its /metrics short, "
        "and crashes a node_exporter: write gaugehistogram");
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
    if (sample_.name.empty()) return fail(parse_error::metric_name(rest_of_line()));
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
  read_no_labels();
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
  if (!is(',') && !is('}')) return fail(parse_error::after_label(rest_of_line()));
  if (is(',')) ++at_;
  sample_.name_in_braces = true;
  sample_.repeats_name = false;
  repair(Repair::quoted_name, slice(begin, sample_.name.data()));
  repair(Repair::quoted_name, slice(sample_.name.data() + sample_.name.size(), at_), "{");
  return true;
}

/// The rest of a sample's line. `name` is the metric's when nothing stands between it and the value.
bool Reader::read_value(std::string_view name) {
  put_labels(sample_);
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
  if (!is_exposition_number(sample_.value)) return fail(parse_error::value(sample_.value, name));
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
    if (!is_exposition_timestamp(word)) return fail(parse_error::timestamp(rest_of_line()));
    sample_.timestamp = word;
    at_ += word.size();
    begin = at_;
    skip_blanks();
  }
  blanks = slice(begin, at_);
  if (at_line_end() && (blanks.empty() || lenient())) return true;
  at_ = begin;
  return fail(parse_error::after_value(rest_of_line()));
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
