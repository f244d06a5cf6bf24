#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pushmetrics {

/// `text` as a name of a Kubernetes object: lower-case letters, digits and dashes, at most 63 characters. `text`
/// begins with a letter.
std::string kubernetes_name(std::string_view text);

/// Each line of `text` moved to the right.
std::string indented(std::string_view text, std::size_t columns);

}  // namespace pushmetrics
