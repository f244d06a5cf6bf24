// The verdicts of check_exposition, for tests that need thousands of them. Requests on standard input,
// answers on standard output:
//
//   strict|lenient LENGTH LF, LENGTH bytes
//   valid|invalid canonical|other LENGTH MESSAGE LF, LENGTH bytes: what would be pushed
#include "formats/exposition_parser.hpp"

#include <algorithm>
#include <iostream>
#include <string>

using namespace pushmetrics;

int main() {
  std::ios::sync_with_stdio(false);
  std::string mode;
  std::size_t length = 0;
  while (std::cin >> mode >> length) {
    std::cin.get();
    std::string text(length, '\0');
    if (!std::cin.read(text.data(), static_cast<std::streamsize>(length))) return 1;
    const CheckResult result =
        check_exposition(text, {.strictness = mode == "strict" ? Strictness::strict : Strictness::lenient});
    const auto error = std::ranges::find(result.diagnostics, Severity::error, &Diagnostic::severity);
    const std::string& payload = result.repaired ? *result.repaired : text;
    const bool has_payload =
        result.valid && (result.canonical || mode == "strict" || result.repaired.has_value());
    std::cout << (result.valid ? "valid " : "invalid ") << (result.canonical ? "canonical " : "other ")
              << (has_payload ? payload.size() : 0) << ' '
              << (error == result.diagnostics.end() ? "" : error->message) << '\n'
              << (has_payload ? payload : "") << std::flush;
  }
  return 0;
}
