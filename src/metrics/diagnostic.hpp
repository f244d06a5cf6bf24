#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace pushmetrics {

enum class Severity { note, warning, error };

/// A place in a text: both count from 1; columns count bytes.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
  auto operator<=>(const Position&) const = default;
};

/// Words of a message, as ` on line 3`, that name another line of the text which it is about.
struct LineMention {
  std::size_t at = 0;    ///< where the words begin in the message
  std::size_t size = 0;  ///< bytes
  std::size_t line = 0;
  bool operator==(const LineMention&) const = default;
};

/// What is to be said about one place of an input: what is wrong there and how to mend it, as one sentence
/// without a final full stop. Fit for a terminal: nothing of the input is quoted raw.
struct Diagnostic {
  Severity severity = Severity::error;
  Position position;
  std::string message;
  /// So that who knows the line by another name can say that instead.
  std::optional<LineMention> mention = {};
  bool operator==(const Diagnostic&) const = default;
};

}  // namespace pushmetrics
