#pragma once

#include "formats/exposition_parser.hpp"

#include <string_view>

namespace pushmetrics {

/// OpenMetrics text 1.0 (OpenObservability/OpenMetrics, "Text format"), turned into text format 0.0.4 and
/// judged as check_exposition judges that. Valid input has its 0.0.4 text in CheckResult::repaired, line for
/// line: what is left out becomes an empty line, so that lines of the one are lines of the other. Diagnostics have
/// the columns of the input.
///
/// - counter `foo` becomes the counter `foo_total` (with a note, under strict too), info `foo` the gauge
///   `foo_info`, a stateset a gauge, unknown untyped; histograms and summaries stay.
/// - gaugehistogram is refused: 0.0.4 has no such type, as a histogram its rates would be nonsense, and what
///   Pushgateway takes under that name breaks others (PROTOCOL.md, hazard 4).
/// - UNIT is checked and left out, the name says it. `_created` series and exemplars are left out with a
///   note: a Pushgateway cannot hand them on as what they are.
/// - Timestamps are an error unless stripped.
/// - Families must not be interleaved; metadata comes before samples; a counter's samples end in `_total`.
///
/// Repaired with a note, and refused under Strictness::strict: a missing `# EOF`, CRLF, a BOM, white space
/// around a line, empty lines, comments, the type `untyped`, a counter whose own name ends in `_total`; what
/// is left out with a note is refused then too. A note is given for the first of its kind only.
CheckResult check_openmetrics(std::string_view text, const CheckOptions& = {});

}  // namespace pushmetrics
