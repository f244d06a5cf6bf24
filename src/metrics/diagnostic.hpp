#pragma once

#include <cstddef>
#include <string>

namespace pushmetrics {

enum class Severity { note, warning, error };

/// A place in a text: both count from 1; columns count bytes.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
  auto operator<=>(const Position&) const = default;
};

/// What is to be said about one place of an input: what is wrong there and how to mend it, as one sentence
/// without a final full stop. Fit for a terminal: nothing of the input is quoted raw.
struct Diagnostic {
  Severity severity = Severity::error;
  Position position;
  std::string message;
  bool operator==(const Diagnostic&) const = default;
};

}  // namespace pushmetrics
