#include "commands/metrics_input.hpp"

#include "cli/metric_option.hpp"
#include "formats/exposition_parser.hpp"
#include "formats/input_format.hpp"
#include "formats/json_input.hpp"
#include "formats/lint.hpp"
#include "formats/openmetrics.hpp"
#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::size_t most_errors = 20;

Store into_format(std::optional<InputFormat>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const std::string& value = values.back();
    if (value == "auto")
      place.reset();
    else if (value == "text")
      place = InputFormat::text;
    else if (value == "openmetrics")
      place = InputFormat::openmetrics;
    else if (value == "json")
      place = InputFormat::json;
    else
      return Failure{
          concat({"unknown format ", in_quotes(value), ": write auto, text, openmetrics or json"})};
    return {};
  };
}

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "error";
}

std::string line_of(const std::string& file, const Diagnostic& diagnostic) {
  return concat({file, ":", std::to_string(diagnostic.position.line), ":",
                 std::to_string(diagnostic.position.column), ": ", word(diagnostic.severity), ": ",
                 diagnostic.message, "\n"});
}

bool has_error(const std::vector<Diagnostic>& diagnostics) {
  return std::ranges::find(diagnostics, Severity::error, &Diagnostic::severity) != diagnostics.end();
}

CheckResult check_lines(std::string_view text, InputFormat format, const InputOptions& options,
                        const CheckOptions& check_options) {
  if (format == InputFormat::openmetrics) return check_openmetrics(text, check_options);
  if (!options.format && !options.strict && has_end_marker(text)) {
    CheckResult result = check_openmetrics(text, check_options);
    if (result.valid) return result;
  }
  return check_exposition(text, check_options);
}

/// What has packed the text; empty: nothing.
std::string_view compression_of(std::string_view text) {
  struct Format {
    std::string_view magic;
    std::string_view program;
  };
  constexpr std::array<Format, 4> formats{{{"\x1F\x8B", "gzip"},
                                           {"\x28\xB5\x2F\xFD", "zstd"},
                                           {"\xFD"
                                            "7zXZ",
                                            "xz"},
                                           {"BZh", "bzip2"}}};
  const auto found =
      std::ranges::find_if(formats, [&](const Format& format) { return text.starts_with(format.magic); });
  return found == formats.end() ? std::string_view() : found->program;
}

}  // namespace

void warn_of_terminal(const InputOptions& options, const std::vector<std::string>& files,
                      const Console& console) {
  if (files.empty() && options.metrics.empty() && ::isatty(STDIN_FILENO) == 1)
    console.warn("reading metrics from the terminal",
                 "end them with Ctrl-D, or give a FILE or --metric NAME=VALUE");
}

OptionGroup describe(InputOptions& options) {
  OptionSpec from{"from", 0, "FORMAT", "auto (the default), text, openmetrics or json",
                  into_format(options.format)};
  OptionSpec strict{"strict", 0, "", "reject what would be repaired (CRLF, no final newline, ...)",
                    set(options.strict)};
  OptionSpec strip{"strip-timestamps", 0, "", "remove timestamps from samples",
                   set(options.strip_timestamps)};
  OptionSpec metric{"metric",
                    'm',
                    "NAME[{L}]=VALUE",
                    "metric without a file; repeatable",
                    into_metrics(options.metrics),
                    OptionSpec::Scope::command_line_only};
  metric.repeatable = true;
  return {"Input", {from, strict, strip, metric}};
}

MetricsInput::MetricsInput(const InputOptions& options, const std::vector<std::string>& files,
                           const GroupingKey* group)
    : options_(options), group_(group) {
  // Views into these must not move.
  files_.reserve(files.size() + 1);
  made_.reserve(files.size() + 2);
  for (const std::string& file : files) read_file(file);
  if (files.empty() && options.metrics.empty()) read_file("-");
  if (!options.metrics.empty()) add_metrics();
  if (inputs_.size() > 1 && valid()) check_together();
}

void MetricsInput::read_file(const std::string& path) {
  CheckedInput& input = inputs_.emplace_back();
  input.name = path == "-" ? "<stdin>" : visible(path);
  // What is pushed must be what was checked, whoever writes to the file meanwhile.
  auto file = FileText::read(path, group_ == nullptr ? FileText::Form::mapped : FileText::Form::copied);
  if (!file) {
    input.valid = false;
    input.diagnostics.push_back({Severity::error, {}, concat({"it cannot be read: ", file.error()})});
    texts_.emplace_back();
    return;
  }
  files_.push_back(std::move(*file));
  check_text(files_.back().text(), &files_.back());
  if (texts_.back().text.data() != files_.back().text().data()) files_.pop_back();
}

void MetricsInput::add_metrics() {
  inputs_.emplace_back().name = "--metric";
  made_.push_back(write_exposition(options_.metrics));
  check_text(made_.back(), nullptr);
}

/// Checks the text of the last input, and keeps it in its canonical form. `file` is where the text is mapped;
/// null if it is not.
void MetricsInput::check_text(std::string_view text, const FileText* file) {
  CheckedInput& input = inputs_.back();
  if (const std::string_view program = compression_of(text); !program.empty()) {
    input.valid = false;
    input.diagnostics.push_back(
        {Severity::error,
         {},
         concat({"the input is compressed: unpack it first, as '", program, " -dc' does"})});
    texts_.emplace_back();
    return;
  }
  CheckOptions check_options;
  check_options.strictness = options_.strict ? Strictness::strict : Strictness::lenient;
  check_options.timestamps = options_.strip_timestamps ? Timestamps::strip : Timestamps::refuse;
  check_options.group = group_;
  check_options.clash_with_gateway = options_.strict ? Severity::error : Severity::warning;
  if (file != nullptr) check_options.on_progress = [file](std::string_view read) { file->drop_pages(read); };

  // What a megabyte does not show, --from can say; more is not to be read twice.
  constexpr std::size_t enough_to_tell = std::size_t{1} << 20;
  InputFormat format = options_.format ? *options_.format : detect_format(text.substr(0, enough_to_tell));
  // Strict is as a Pushgateway reads, and to that OpenMetrics is text.
  if (options_.strict && !options_.format && format == InputFormat::openmetrics) format = InputFormat::text;
  const bool wants_lint = options_.lint != InputOptions::Lint::off;
  std::vector<Diagnostic> lint;
  CheckResult result;
  std::optional<JsonMetrics> json;
  if (format == InputFormat::json) {
    json = parse_json_metrics(text, group_);
    made_.push_back(json->diagnostics.empty() ? std::move(json->text) : std::string());
    text = made_.back();
    result = check_exposition(text, check_options);
    if (wants_lint) lint = lint_exposition(text);
    for (auto* diagnostics : {&result.diagnostics, &lint})
      for (Diagnostic& diagnostic : *diagnostics)
        diagnostic.position = json->origin(diagnostic.position.line);
    result.diagnostics.insert(result.diagnostics.begin(), std::make_move_iterator(json->diagnostics.begin()),
                              std::make_move_iterator(json->diagnostics.end()));
  } else {
    result = check_lines(text, format, options_, check_options);
    if (result.repaired) {
      made_.push_back(std::move(*result.repaired));
      text = made_.back();
    }
    if (result.valid && wants_lint) lint = lint_exposition(text);
  }
  if (options_.lint == InputOptions::Lint::refuse)
    for (Diagnostic& finding : lint) finding.severity = Severity::error;

  input.samples = result.samples;
  input.families = result.families;
  input.omitted_errors = result.omitted_errors;
  input.omitted_warnings = result.omitted_warnings;
  input.diagnostics = std::move(result.diagnostics);
  input.diagnostics.insert(input.diagnostics.end(), lint.begin(), lint.end());
  std::ranges::stable_sort(input.diagnostics, {}, &Diagnostic::position);
  input.valid = !has_error(input.diagnostics);
  texts_.push_back({text, std::move(json)});
}

/// Inputs that are valid each by itself may still clash when they are pushed as one.
void MetricsInput::check_together() {
  CheckOptions check_options;
  check_options.group = group_;
  std::string whole;
  whole.reserve(std::accumulate(texts_.begin(), texts_.end(), std::size_t{0},
                                [](std::size_t sum, const Text& input) { return sum + input.text.size(); }));
  for (const Text& input : texts_) whole += input.text;
  for (Diagnostic& diagnostic : check_exposition(whole, check_options).diagnostics) {
    if (diagnostic.severity != Severity::error) continue;
    const auto [index, position] = place_of(diagnostic.position);
    diagnostic.position = position;
    name_own_line(diagnostic);
    diagnostic.message += " (in all inputs taken together)";
    inputs_[index].valid = false;
    inputs_[index].diagnostics.push_back(std::move(diagnostic));
  }
  files_.clear();
  made_.clear();
  made_.push_back(std::move(whole));
  texts_.clear();
}

/// Of a place in all texts, one after the other.
MetricsInput::Place MetricsInput::place_of(Position position) const {
  std::size_t index = 0;
  for (; index + 1 < texts_.size(); ++index) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(texts_[index].text, '\n'));
    if (position.line <= lines) break;
    position.line -= lines;
  }
  const auto& json = texts_[index].json;
  return {index, json ? json->origin(position.line) : position};
}

/// A line that a message names is one in all texts.
void MetricsInput::name_own_line(Diagnostic& diagnostic) const {
  if (!diagnostic.mention) return;
  const auto [at, size, line] = *std::exchange(diagnostic.mention, {});
  const auto [index, position] = place_of({line, 1});
  diagnostic.message.replace(
      at, size, concat({" in line ", std::to_string(position.line), " of ", inputs_[index].name}));
}

bool MetricsInput::valid() const { return std::ranges::all_of(inputs_, &CheckedInput::valid); }

std::size_t MetricsInput::samples() const {
  return std::accumulate(inputs_.begin(), inputs_.end(), std::size_t{0},
                         [](std::size_t sum, const CheckedInput& input) { return sum + input.samples; });
}

std::string MetricsInput::take_body() && {
  return files_.empty() ? std::move(made_.front()) : std::move(files_.front()).take();
}

std::string MetricsInput::diagnostics(Verbosity verbosity) const {
  const Severity least = verbosity == Verbosity::verbose ? Severity::note
                         : verbosity == Verbosity::quiet ? Severity::error
                                                         : Severity::warning;
  std::string lines;
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (const CheckedInput& input : inputs_) {
    for (const Diagnostic& diagnostic : input.diagnostics) {
      if (diagnostic.severity < least) continue;
      if (diagnostic.severity == Severity::error && ++errors > most_errors) continue;
      lines += line_of(input.name, diagnostic);
    }
    errors += input.omitted_errors;
    warnings += input.omitted_warnings;
  }
  if (errors > most_errors) lines += concat({std::to_string(errors - most_errors), " more errors\n"});
  if (warnings > 0 && least <= Severity::warning)
    lines += concat({std::to_string(warnings), " more warnings\n"});
  return lines;
}

}  // namespace pushmetrics
