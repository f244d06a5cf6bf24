#pragma once

#include <string_view>

namespace pushmetrics {

enum class InputFormat { text, openmetrics, json };

/// What `--from auto` takes an input for, by its beginning and a glance at its comments.
///
/// JSON: the first character (after white space and a BOM) is `[`, or it is `{` and neither a label (`{a="b"}
/// 1`) nor a quoted name (`{"a"} 1`, `{"a",b="c"} 1`) nor `{} 1` follows.
///
/// OpenMetrics: there is something that text format 0.0.4 does not have or has otherwise: a `# UNIT` line, a
/// type of `unknown`, `info`, `stateset` or `gaugehistogram`, an exemplar, or a `# TYPE foo counter` whose
/// next sample is `foo_total`. A `# EOF` alone is not enough: 0.0.4 takes it for a comment.
///
/// All else is text.
InputFormat detect_format(std::string_view text);

/// Whether the last line is `# EOF`: if the text can be read as OpenMetrics, it is meant so.
bool has_end_marker(std::string_view text);

}  // namespace pushmetrics
