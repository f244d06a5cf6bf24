// JSON: what it becomes is what the strict check takes as it stands.
#include "formats/exposition_parser.hpp"
#include "formats/json_input.hpp"
#include "fuzz.hpp"

#include <algorithm>

using namespace pushmetrics;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const JsonMetrics metrics = parse_json_metrics(fuzz::text(data, size));
  fuzz::require(std::ranges::is_sorted(metrics.diagnostics, {}, &Diagnostic::position),
                "diagnostics are in the document's order");
  for (const Diagnostic& diagnostic : metrics.diagnostics)
    fuzz::require(fuzz::is_one_line(diagnostic.message), "a message can be shown");
  if (!metrics.diagnostics.empty()) return 0;
  fuzz::require(check_exposition(metrics.text, {.strictness = Strictness::strict}).canonical,
                "what it becomes is canonical");
  return 0;
}
