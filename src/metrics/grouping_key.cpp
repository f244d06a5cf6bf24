#include "metrics/grouping_key.hpp"

#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

/// RFC 4648, section 5, without padding. An empty value is `=`, as Pushgateway expects, since a path segment
/// cannot be empty.
std::string base64url(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (bytes.empty()) return "=";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> static_cast<unsigned>(count - 6) & 63U];
  }
  if (count > 0) out += alphabet[bits << static_cast<unsigned>(6 - count) & 63U];
  return out;
}

/// A slash would split the path, even as %2F; a redirect would remove `.` and `..`.
bool needs_base64(std::string_view value) {
  return value.empty() || value == "." || value == ".." || value.find('/') != std::string_view::npos;
}

}  // namespace

Result<GroupingKey> GroupingKey::make(std::string job, std::vector<Label> labels) {
  if (job.empty()) return Failure{"the job's name is empty"};
  if (!is_valid_utf8(job)) return Failure{concat({"the job's name ", in_quotes(job), " is not valid UTF-8"})};
  GroupingKey key;
  key.job_ = std::move(job);
  for (Label& label : labels) {
    if (label.name == "job") return Failure{"the grouping label 'job' is the job's name: give it with --job"};
    if (!is_valid_label_name(label.name))
      return Failure{concat({"invalid label name ", in_quotes(label.name),
                             ": write letters, digits and _, not beginning with a digit or __"})};
    if (!is_valid_utf8(label.value))
      return Failure{
          concat({"the value ", in_quotes(label.value), " of label '", label.name, "' is not valid UTF-8"})};
    std::erase_if(key.labels_, [&](const Label& other) { return other.name == label.name; });
    key.labels_.push_back(std::move(label));
  }
  std::erase_if(key.labels_,
                [](const Label& label) { return label.name == "instance" && label.value.empty(); });
  std::ranges::sort(key.labels_);
  return key;
}

std::optional<std::string_view> GroupingKey::value(std::string_view name) const {
  if (name == "job") return job_;
  const auto label = std::ranges::find(labels_, name, &Label::name);
  if (label == labels_.end()) return std::nullopt;
  return label->value;
}

std::vector<Label> GroupingKey::apply_to(std::vector<Label> own) const {
  std::erase_if(own, [this](const Label& label) { return value(label.name).has_value(); });
  own.push_back({"job", job_});
  own.insert(own.end(), labels_.begin(), labels_.end());
  std::ranges::sort(own, {}, &Label::name);
  return own;
}

std::string GroupingKey::url_path() const {
  std::string path = "/metrics";
  append_path_segment(path, "job", job_);
  for (const Label& label : labels_) append_path_segment(path, label.name, label.value);
  return path;
}

std::string GroupingKey::to_string() const {
  std::string text = "job=\"";
  append_label_value(text, job_);
  text += '"';
  for (const Label& label : labels_) {
    text.append(",").append(label.name).append("=\"");
    append_label_value(text, label.value);
    text += '"';
  }
  return text;
}

void append_path_segment(std::string& path, std::string_view name, std::string_view value) {
  path.append("/").append(name);
  if (needs_base64(value))
    path.append("@base64/").append(base64url(value));
  else
    path.append("/").append(percent_encoded(value));
}

}  // namespace pushmetrics
