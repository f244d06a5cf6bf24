#include "delivery/record_text.hpp"

#include "support/text.hpp"

#include <zlib.h>

#include <cstdio>

namespace pushmetrics {

std::string checksum(std::string_view head, std::string_view body) {
  uLong sum = ::crc32_z(0, nullptr, 0);
  for (const std::string_view part : {head, body})
    if (!part.empty())  // zlib begins anew where there is no address
      sum = ::crc32_z(sum, reinterpret_cast<const Bytef*>(part.data()), part.size());
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08lx", static_cast<unsigned long>(sum));
  return digits;
}

std::optional<std::string_view> take_line(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(name)) return std::nullopt;
  std::string_view value = text.substr(name.size(), end - name.size());
  if (!value.empty() && !value.starts_with(' ')) return std::nullopt;
  if (!value.empty()) value.remove_prefix(1);
  text.remove_prefix(end + 1);
  return value;
}

std::vector<Label> take_labels(std::string_view& text) {
  std::vector<Label> labels;
  while (const auto line = take_line(text, "label")) {
    const std::size_t space = line->find(' ');
    labels.push_back({std::string(line->substr(0, space)), space == std::string_view::npos
                                                               ? std::string()
                                                               : percent_decoded(line->substr(space + 1))});
  }
  return labels;
}

std::string label_lines(const std::vector<Label>& labels) {
  std::string lines;
  for (const Label& label : labels)
    lines.append(concat({"label ", label.name, " ", percent_encoded(label.value), "\n"}));
  return lines;
}

}  // namespace pushmetrics
