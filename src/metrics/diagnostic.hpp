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

/// The part of a message that names another line of the same text, such as ` on line 3`.
struct LineMention {
  std::size_t at = 0;    ///< where the part begins in the message
  std::size_t size = 0;  ///< bytes
  std::size_t line = 0;
  bool operator==(const LineMention&) const = default;
};

/// A finding about one place of an input.
struct Diagnostic {
  Severity severity = Severity::error;
  Position position;
  /// What is wrong and how to fix it, as one sentence without a final full stop. Fit for a terminal: nothing
  /// of the input is quoted raw.
  std::string message;
  /// Lets a reader who knows the line by another name print that instead.
  std::optional<LineMention> mention = {};
  bool operator==(const Diagnostic&) const = default;
};

}  // namespace pushmetrics
