// The text format: what lenient reading repairs is good under strict, what is parsed can be written and
// parsed again, and appended lines never make a push that is refused.
#include "fuzz.hpp"
#include "metrics/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"

#include <algorithm>
#include <string>

using namespace pushmetrics;

namespace {

const CheckOptions strict{.strictness = Strictness::strict};

std::string write_again(std::string_view text) {
  return write_exposition(parse_families(text, strict).families);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  const CheckResult as_it_is = check_exposition(text, strict);
  const CheckResult repaired = check_exposition(text, {.timestamps = Timestamps::strip});
  fuzz::require(!as_it_is.valid || repaired.valid, "what strict accepts, lenient accepts");
  fuzz::require(repaired.valid == std::ranges::none_of(repaired.diagnostics,
                                                       [](const Diagnostic& diagnostic) {
                                                         return diagnostic.severity == Severity::error;
                                                       }),
                "invalid means that there is an error to be told");
  if (repaired.valid) {
    const std::string_view payload = repaired.canonical ? text : repaired.repaired;
    fuzz::require(check_exposition(payload, strict).canonical, "what was repaired is canonical");
    const std::string written = write_again(payload);
    fuzz::require(check_exposition(written, strict).canonical, "what was written is canonical");
    fuzz::require(write_again(written) == written, "parsed and written again it is the same");
  }
  const std::string gathered = write_exposition(parse_appended(text).families);
  fuzz::require(check_exposition(gathered, strict).canonical, "what was gathered is canonical");
  return 0;
}
