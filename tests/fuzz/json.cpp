// JSON: what it becomes is what the strict check takes as it stands.
#include "fuzz.hpp"
#include "metrics/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"
#include "metrics/json_input.hpp"
#include "metrics/lint.hpp"

#include <algorithm>

using namespace pushmetrics;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const JsonMetrics metrics = parse_json_metrics(fuzz::text(data, size));
  fuzz::require(std::ranges::is_sorted(metrics.diagnostics, {}, &Diagnostic::position),
                "diagnostics are in the document's order");
  if (!metrics.diagnostics.empty()) return 0;
  const std::string written = write_exposition(metrics.families);
  fuzz::require(check_exposition(written, {.strictness = Strictness::strict}).canonical,
                "what it becomes is canonical");
  const auto of_text = lint_exposition(written).size();
  fuzz::require(lint_families(metrics.families, metrics.positions).size() == of_text,
                "lint finds the same in families and in their text");
  return 0;
}
