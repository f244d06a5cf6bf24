#pragma once

#include "metrics/family.hpp"

#include <span>
#include <string>
#include <string_view>

namespace pushmetrics {

/// The families in the text format 0.0.4, in the strict form that every parser accepts (PROTOCOL.md, "Text
/// format"): HELP, TYPE, samples, single spaces, a final newline.
std::string write_exposition(std::span<const Family> families);

/// Parts of it: `# HELP` unless empty, and `# TYPE`; one sample.
void append_metadata(std::string& out, std::string_view name, MetricType type, std::string_view help);
void append_sample(std::string& out, const Sample& sample);

/// A value as Go writes it: the shortest digits that parse to the same value, `NaN`, `+Inf`, `-Inf`.
std::string format_value(double value);

/// Appends `text` with backslash, newline and double quote escaped as in a label value.
void append_label_value(std::string& out, std::string_view text);

}  // namespace pushmetrics
