#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What the OpenMetrics reader needs to know of the format's types and lines.
namespace pushmetrics::openmetrics {

/// A type ("Metric types"): which samples it has, and what becomes of it in text format 0.0.4.
struct TypeRule {
  enum class Values { any, one, zero_or_one };

  std::string_view name;
  std::string_view exposition_type;  ///< empty where there is none
  std::string_view name_suffix;      ///< what 0.0.4 has behind the family's name
  std::array<std::string_view, 4> suffixes;
  std::size_t suffix_count;
  Values values = Values::any;

  /// What stands behind the family's name in its samples.
  std::span<const std::string_view> sample_suffixes() const {
    return std::span(suffixes).first(suffix_count);
  }
  /// Whether a sample may have this number for its value.
  bool allows(std::string_view number) const;
};

extern const TypeRule& unknown_type;
extern const TypeRule& counter_type;
/// Null when there is no such type.
const TypeRule* find_type(std::string_view name);

std::string_view skip_blanks(std::string_view text);
/// Takes what comes before the next blank from the front of `rest`, and the blanks.
std::string_view take_word(std::string_view& rest);
/// Takes `{...}` from the front of `rest`, and the blanks; nothing when there is none or it does not end.
std::string_view take_labels(std::string_view& rest);

/// The parts of a line with a sample; `labels`, `timestamp` and `exemplar` may be empty.
struct SampleLine {
  std::string_view name;
  std::string_view labels;  ///< with their braces
  std::string_view value;
  std::string_view timestamp;
  std::string_view exemplar;  ///< all from the `#` on, or what should not be there
};
/// Nothing when the line is no sample in text format 0.0.4 either.
std::optional<SampleLine> split_sample(std::string_view line);
/// `{NAME="VALUE",...}`.
bool is_label_set(std::string_view text);
/// `# {...} VALUE [TIMESTAMP]`.
bool is_exemplar(std::string_view text);

enum class Escapes { help, label_value };
/// Appends `text` with the escapes of 0.0.4. What OpenMetrics does not know as an escape stands for itself
/// there, backslash and all; in 0.0.4 it is an error, as is `\"` in HELP.
void append_with_escapes(std::string& out, std::string_view text, Escapes where);

}  // namespace pushmetrics::openmetrics
