// A group's labels, whatever their bytes: its path tells them again, its name is fit for a terminal, and a
// condition holds or does not. An input is the job and labels NAME=VALUE, with zero bytes between.
#include "fuzz.hpp"
#include "metrics/group_labels.hpp"
#include "pushgateway/group_filter.hpp"
#include "support/text.hpp"

#include <algorithm>

using namespace pushmetrics;

namespace {

std::string from_base64url(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6U | static_cast<unsigned>(alphabet.find(c));
    if ((count += 6) < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(count));
  }
  return bytes;
}

/// As a Pushgateway reads it.
GroupLabels labels_in(std::string_view path) {
  constexpr std::string_view base64 = "@base64";
  auto parts = split(path, "/");
  fuzz::require(parts.size() % 2 == 1 && parts[0] == "metrics", "a path is of names and values");
  std::vector<Label> labels;
  for (std::size_t i = 1; i < parts.size(); i += 2) {
    const bool packed = parts[i].ends_with(base64);
    if (packed) parts[i].remove_suffix(base64.size());
    labels.push_back(
        {std::string(parts[i]), packed ? from_base64url(parts[i + 1]) : percent_decoded(parts[i + 1])});
  }
  return GroupLabels(labels);
}

void try_filter(const std::string& pattern, const GroupLabels& group) {
  const auto is = GroupFilter::parse({concat({"x=", pattern})});
  const auto is_not = GroupFilter::parse({concat({"x!=", pattern})});
  // A matcher as PromQL has it is explained instead.
  fuzz::require(static_cast<bool>(is) == static_cast<bool>(is_not), "a pattern is valid or it is not");
  if (is) fuzz::require(is->matches(group) != is_not->matches(group), "it matches or it does not");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  const auto parts = split(text, std::string_view("\0", 1));
  if (parts.empty()) return 0;
  std::vector<Label> labels{{"job", std::string(parts[0])}};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = std::min(parts[i].find('='), parts[i].size() - 1);
    labels.push_back({std::string(parts[i].substr(0, equals)), std::string(parts[i].substr(equals + 1))});
  }
  const GroupLabels group(labels);
  fuzz::require(fuzz::is_one_line(group.to_string()), "a group can be shown");
  try_filter(std::string(parts.back()), group);
  const bool has_good_names =
      std::ranges::all_of(labels, [](const Label& label) { return is_valid_label_name(label.name); });
  if (has_good_names) fuzz::require(labels_in(group.url_path()) == group, "a path tells the group again");
  const auto key = GroupingKey::make(std::string(parts[0]), {labels.begin() + 1, labels.end()});
  if (key) fuzz::require(labels_in(key->url_path()) == GroupLabels(*key), "so does a push's");
  return 0;
}
