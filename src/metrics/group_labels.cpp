#include "metrics/group_labels.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <tuple>
#include <utility>

namespace pushmetrics {
namespace {

bool comes_before(const Label& a, const Label& b) {
  return std::tuple(a.name != "job", std::string_view(a.name)) <
         std::tuple(b.name != "job", std::string_view(b.name));
}

/// A name of other characters than Prometheus' old ones, as Pushgateway 1.11 wants it in a path
/// (`U__foo_2e_bar`; Prometheus' "values" escaping).
std::string name_in_path(const std::string& name) {
  if (is_valid_label_name(name)) return name;
  std::string out = "U__";
  for (std::size_t at = 0; at < name.size();) {
    const std::string_view sequence = next_character(std::string_view(name).substr(at));
    at += sequence.size();
    const char c = sequence[0];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      out += c;
    } else if (c == '_') {
      out += "__";
    } else {
      std::array<char, 12> hex{};
      std::snprintf(hex.data(), hex.size(), "_%x_", static_cast<unsigned>(code_point(sequence)));
      out += hex.data();
    }
  }
  return out;
}

}  // namespace

GroupLabels::GroupLabels(std::vector<Label> labels) : labels_(std::move(labels)) {
  std::ranges::stable_sort(labels_, comes_before);
  for (std::size_t i = 0; i + 1 < labels_.size();) {
    if (labels_[i].name == labels_[i + 1].name)
      labels_.erase(labels_.begin() + static_cast<std::ptrdiff_t>(i));
    else
      ++i;
  }
}

GroupLabels::GroupLabels(const GroupingKey& key) : labels_(key.labels()) {
  labels_.insert(labels_.begin(), {"job", key.job()});
}

std::optional<std::string_view> GroupLabels::value(std::string_view name) const {
  const auto label = std::ranges::find(labels_, name, &Label::name);
  if (label == labels_.end()) return std::nullopt;
  return label->value;
}

GroupLabels GroupLabels::without(std::string_view name) const {
  GroupLabels other = *this;
  std::erase_if(other.labels_, [name](const Label& label) { return label.name == name; });
  return other;
}

GroupLabels GroupLabels::with(Label label) const {
  std::vector<Label> labels = labels_;
  labels.push_back(std::move(label));
  return GroupLabels(std::move(labels));
}

std::string GroupLabels::url_path() const {
  std::string path = "/metrics";
  for (const Label& label : labels_) append_path_segment(path, name_in_path(label.name), label.value);
  return path;
}

std::string GroupLabels::to_string() const {
  std::string text;
  for (const Label& label : labels_) {
    text.append(text.empty() ? "" : ",").append(escaped_for_terminal(label.name)).append("=\"");
    text.append(escaped_for_terminal(label.value)).append("\"");
  }
  return text;
}

std::string GroupLabels::as_options() const {
  std::string text = "-j " + shell_word(job());
  for (const Label& label : labels_)
    if (label.name == "instance")
      text.append(" -i ").append(shell_word(label.value));
    else if (label.name != "job")
      text.append(" -l ").append(shell_word(concat({label.name, "=", label.value})));
  return text;
}

/// As a terminal sees them: C0, DEL, and C1 in UTF-8.
bool has_control(std::string_view text) {
  unsigned char before = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7F || (before == 0xC2 && byte < 0xA0)) return true;
    before = byte;
  }
  return false;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string(text);
  std::string out = "'";
  if (!has_control(text) && is_valid_utf8(text)) {
    for (const char c : text) out.append(c == '\'' ? "'\\''" : std::string_view(&c, 1));
    return out + "'";
  }
  // A printf's octal escapes every shell knows, but loses line ends at the end; $'...' not every one.
  const bool ends_line = text.ends_with('\n');
  const std::string_view start = ends_line ? "$'" : "\"$(printf '";
  out = start;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    std::array<char, 8> octal{};
    std::snprintf(octal.data(), octal.size(), "\\%03o", byte);
    const bool is_option = c == '-' && out.size() == start.size();
    const bool as_it_is = plain.find(c) != std::string_view::npos && c != '%' && !is_option;
    out.append(as_it_is ? std::string_view(&c, 1) : std::string_view(octal.data()));
  }
  return out + (ends_line ? "'" : "')\"");
}

}  // namespace pushmetrics
