#include "monitoring/kubernetes.hpp"

#include "support/text.hpp"

#include <algorithm>

namespace pushmetrics {

std::string kubernetes_name(std::string_view text) {
  constexpr std::size_t longest = 63;
  std::string name;
  for (const char c : lower_case(text)) {
    const bool is_allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_allowed)
      name += c;
    else if (!name.ends_with('-'))
      name += '-';
  }
  name.resize(std::min(name.size(), longest));
  while (name.ends_with('-')) name.pop_back();
  return name;
}

std::string indented(std::string_view text, std::size_t columns) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.append(columns, ' ').append(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace pushmetrics
