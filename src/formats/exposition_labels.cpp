#include "formats/exposition_labels.hpp"

#include "formats/exposition_errors.hpp"
#include "support/text.hpp"

#include <algorithm>

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

}  // namespace

bool ExpositionLabels::read_labels() {
  for (label_count_ = 0; label_count_ < known_labels_ && skip_known_name(label_count_); ++label_count_)
    if (!read_label_value(labels_[label_count_])) return false;
  const bool as_before = end_ - at_ > 1 && at_[1] == '}';
  if (!as_before) return ++at_, read_other_labels();
  at_ += 2;
  skip_blanks();
  return true;
}

bool ExpositionLabels::read_labels_after_name() {
  label_count_ = 0;
  const bool good = read_other_labels();
  known_labels_ = 0;
  return good;
}

/// From the brace or quote before the label to its value, if what stands between is known.
bool ExpositionLabels::skip_known_name(std::size_t index) {
  const Opening& opening = openings_[index];
  const std::size_t size = opening.text.size();
  if (static_cast<std::size_t>(end_ - at_) <= size || !scan::same_bytes(at_, opening.text.data(), size))
    return false;
  labels_[index].name = {at_ + opening.name_at, labels_[index].name.size()};
  at_ += size;
  return true;
}

/// From behind a brace, or the quote that closes the last of label_count_ labels, to the value.
bool ExpositionLabels::read_other_labels() {
  known_labels_ = 0;
  bool is_plain = true;
  for (;; ++label_count_) {
    const char* begin = at_ - 1;
    skip_blanks();
    if (label_count_ != 0 && !is('}')) {
      if (!is(',')) return fail(parse_error::after_label(rest_of_line()));
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
bool ExpositionLabels::read_label_name(RawLabel& label) {
  const char* begin = at_;
  if (!read_name(scan::label_start, scan::label_rest, label.name)) return false;
  if (label.name.empty()) return fail(parse_error::label_name(rest_of_line()));
  label.role = role_of(label.name);
  if (label.name.starts_with("__"))
    return fail_at(begin, "label names that begin with `__` are reserved for Prometheus' own use: rename it");
  if (*begin == '"') repair(Repair::quoted_name, slice(begin, at_), label.name);
  skip_blanks();
  if (!is('=')) return fail(parse_error::equals_sign(label.name, rest_of_line()));
  ++at_;
  skip_blanks();
  if (!is('"')) return fail(parse_error::label_quote(label.name, rest_of_line()));
  ++at_;
  return true;
}

/// From behind the opening quote to the closing one.
bool ExpositionLabels::read_label_value(RawLabel& label) {
  const char* begin = at_;
  at_ = scan::skip_plain_text(at_, end_);
  if ((at_ == end_ || *at_ != '"') && !read_rest_of_label_value(begin)) return false;
  label.value = slice(begin, at_);
  return true;
}

/// From the first byte that is not plain text.
bool ExpositionLabels::read_rest_of_label_value(const char* begin) {
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
      return fail(parse_error::escape(rest_of_line()));
    }
  }
  return ascii || is_valid_utf8(slice(begin, at_)) ||
         fail_at(begin, "the label value is not valid UTF-8: convert the text to UTF-8");
}

bool ExpositionLabels::names_are_unique() {
  const std::span labels(labels_.data(), label_count_);
  constexpr std::size_t few = 32;
  if (labels.size() > few) {
    std::vector<std::string_view> names;
    for (const RawLabel& label : labels)
      if (!may_be_repeated(label)) names.push_back(label.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    return twice == names.end() ||
           fail_at(std::max(twice[0].data(), twice[1].data()), parse_error::repeated_label(*twice));
  }
  for (std::size_t i = 1; i < labels.size(); ++i)
    if (std::ranges::find(labels.first(i), labels[i].name, &RawLabel::name) !=
            labels.begin() + static_cast<std::ptrdiff_t>(i) &&
        !may_be_repeated(labels[i]))
      return fail_at(labels[i].name.data(), parse_error::repeated_label(labels[i].name));
  return true;
}

/// See ExpositionSample::ordered_labels.
std::size_t ExpositionLabels::count_ordered() const {
  for (std::size_t i = 0; i < label_count_; ++i) {
    const std::string_view name = labels_[i].name;
    const std::size_t compact = name.size() + (i == 0 ? std::string_view("{=\"") : "\",=\"").size();
    if (openings_[i].text.size() != compact || (i != 0 && name <= labels_[i - 1].name)) return i;
  }
  return label_count_;
}

}  // namespace pushmetrics
