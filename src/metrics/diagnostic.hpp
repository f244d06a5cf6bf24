#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace pushmetrics {

enum class Severity { note, warning, error };

/// A position in a text: line and column count from 1, columns in bytes.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
  auto operator<=>(const Position&) const = default;
};

/// The part of a message that refers to another line of the same text, such as ` on line 3`.
struct LineMention {
  std::size_t at = 0;    ///< offset in the message
  std::size_t size = 0;  ///< bytes
  std::size_t line = 0;
  bool operator==(const LineMention&) const = default;
};

/// A finding at one position of an input.
struct Diagnostic {
  Severity severity = Severity::error;
  Position position;
  /// What is wrong and how to fix it: one sentence without a full stop. Safe to print: no part of the input
  /// is quoted unescaped.
  std::string message;
  /// Allows a caller that knows the line by another name to print that instead.
  std::optional<LineMention> mention = {};
  bool operator==(const Diagnostic&) const = default;
};

}  // namespace pushmetrics
