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

/// A name with characters beyond Prometheus' classic ones, encoded for a path of Pushgateway 1.11
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

}  // namespace pushmetrics
