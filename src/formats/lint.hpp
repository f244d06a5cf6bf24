#pragma once

#include "formats/exposition_parser.hpp"

#include <string_view>
#include <vector>

namespace pushmetrics {

/// What `promtool check metrics` (2.42, client_golang 1.14's promlint) finds in a valid body: warnings `NAME:
/// TEXT`, with promlint's words, by position. A finding about a name is placed where the family is first
/// mentioned, one about a label at the first such label. Each is reported once a family, where promlint repeats
/// it for each sample and abbreviation. Of several units in a name the first counts, as from
/// client_golang 1.16 (before, it was random). Memory: what the families need, nothing a sample.
std::vector<Diagnostic> lint_exposition(std::string_view text, Strictness = Strictness::lenient);

}  // namespace pushmetrics
