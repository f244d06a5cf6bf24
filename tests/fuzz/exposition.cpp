// The text format: a line reads the same whatever was before it, what lenient reading repairs is good under
// strict, what is parsed can be written and parsed again, and appended lines never make a push that is
// refused.
#include "formats/exposition_parser.hpp"
#include "fuzz.hpp"
#include "metrics/exposition_writer.hpp"

#include <algorithm>
#include <string>

using namespace pushmetrics;

namespace {

const CheckOptions strict{.strictness = Strictness::strict};

std::string write_again(std::string_view text) {
  return write_exposition(parse_families(text, strict).families);
}

class Recorder : public ExpositionHandler {
 public:
  explicit Recorder(std::string& told) : told_(told) {}
  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    told_.append(sample.name).append(1, '{');
    for (const RawLabel& label : sample.labels) {
      told_.append(label.name).append(1, '=').append(label.value).append(1, ',');
      told_.append(std::to_string(line.at(label.name).column)).append(1, ';');
    }
    told_.append(1, '}').append(sample.value).append(1, '@').append(sample.timestamp).append(1, '\n');
  }
  void on_repair(const ExpositionRepair& repair) override { told_.append(repair.replaced) += '~'; }
  Next on_error(Diagnostic error) override {
    told_.append(std::to_string(error.position.column)).append(error.message) += '\n';
    return Next::go_on;
  }

 private:
  std::string& told_;
};

std::string read_whole(std::string_view text) {
  std::string told;
  Recorder recorder(told);
  read_exposition(text, Strictness::strict, recorder);
  return told;
}

std::string read_by_line(std::string_view text) {
  std::string told;
  Recorder recorder(told);
  while (!text.empty()) {
    const std::string line(text.substr(0, text.find('\n') + 1));
    const std::string_view only = line.empty() ? text : line;
    read_exposition(only, Strictness::strict, recorder);
    text.remove_prefix(only.size());
  }
  return told;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  if (text.find("\xEF\xBB\xBF") == std::string_view::npos)
    fuzz::require(read_whole(text) == read_by_line(text), "a line reads the same alone");
  const CheckResult as_it_is = check_exposition(text, strict);
  const CheckResult repaired = check_exposition(text, {.timestamps = Timestamps::strip});
  fuzz::require(!as_it_is.valid || repaired.valid, "what strict accepts, lenient accepts");
  fuzz::require(repaired.valid == std::ranges::none_of(repaired.diagnostics,
                                                       [](const Diagnostic& diagnostic) {
                                                         return diagnostic.severity == Severity::error;
                                                       }),
                "invalid means that there is an error to be told");
  for (const Diagnostic& diagnostic : repaired.diagnostics)
    fuzz::require(fuzz::is_one_line(diagnostic.message), "a message can be shown");
  if (repaired.valid) {
    const std::string_view payload = repaired.canonical ? text : std::string_view(*repaired.repaired);
    fuzz::require(check_exposition(payload, strict).canonical, "what was repaired is canonical");
    const std::string written = write_again(payload);
    fuzz::require(check_exposition(written, strict).canonical, "what was written is canonical");
    fuzz::require(write_again(written) == written, "parsed and written again it is the same");
  }
  const ParsedFamilies appended = parse_appended(text);
  for (const Diagnostic& diagnostic : appended.diagnostics)
    fuzz::require(fuzz::is_one_line(diagnostic.message), "a warning can be shown");
  const std::string gathered = write_exposition(appended.families);
  fuzz::require(check_exposition(gathered, strict).canonical, "what was gathered is canonical");
  return 0;
}
