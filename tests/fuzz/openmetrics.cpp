// OpenMetrics: what it becomes is what the strict check takes, line for line.
#include "formats/openmetrics.hpp"

#include "formats/input_format.hpp"
#include "formats/lint.hpp"
#include "fuzz.hpp"

#include <algorithm>

using namespace pushmetrics;

namespace {

std::size_t count_lines(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto newlines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  return newlines + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  detect_format(text);
  const CheckResult result = check_openmetrics(text, {.timestamps = Timestamps::strip});
  for (const Diagnostic& each : result.diagnostics) {
    fuzz::require(each.position.line <= std::max<std::size_t>(count_lines(text), 1),
                  "places are in the input");
    fuzz::require(fuzz::is_one_line(each.message), "a message can be shown");
  }
  if (!result.valid) return 0;
  fuzz::require(check_exposition(*result.repaired, {.strictness = Strictness::strict}).canonical,
                "what it becomes is canonical");
  fuzz::require(count_lines(*result.repaired) == count_lines(text), "lines keep their numbers");
  for (const Diagnostic& each : lint_exposition(*result.repaired))
    fuzz::require(fuzz::is_one_line(each.message), "advice can be shown");
  const CheckResult strict =
      check_openmetrics(text, {.strictness = Strictness::strict, .timestamps = Timestamps::strip});
  fuzz::require(!strict.valid || strict.repaired == result.repaired, "strict reads it the same way");
  return 0;
}
