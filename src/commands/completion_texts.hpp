#pragma once

#include <array>
#include <string_view>

namespace pushmetrics {

struct CompletionText {
  std::string_view shell;
  std::string_view text;
};

/// The files of completions/, as they are installed; src/CMakeLists.txt writes the definition.
extern const std::array<CompletionText, 3> completion_texts;

}  // namespace pushmetrics
