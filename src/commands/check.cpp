#include "commands/check.hpp"

#include "cli/json_document_version.hpp"
#include "cli/subcommand.hpp"
#include "commands/metrics_input.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace pushmetrics {
namespace {

constexpr CommandHelp check_help{
    "pushmetrics check [options] [FILE...]",
    "Report what a Pushgateway would reject, with file, line, column and how to fix\n"
    "it; sends nothing. Reads standard input if FILE is missing or -.\n"
    "Exit status: 0 if all input is valid, 3 if not.",
    "  pushmetrics check metrics.prom\n"
    "  ./export.sh | pushmetrics check --lint=error\n",
};

struct CheckCommandOptions {
  InputOptions input;
  CommonOptions common;
  bool json = false;
};

OptionTable describe(CheckCommandOptions& options) {
  OptionGroup input = describe(options.input);
  OptionSpec lint{
      "lint", 0, "LEVEL", "warn of what promtool's linter would; --lint=error refuses it",
      [&options](const std::vector<std::string>& values) -> Stored {
        const std::string& level = values.back();
        if (level != "warning" && level != "error")
          return Failure{concat({"unknown level ", in_quotes(level), ": write warning or error"})};
        options.input.lint = level == "error" ? InputOptions::Lint::refuse : InputOptions::Lint::warn;
        return {};
      }};
  lint.implied_value = "warning";
  OptionSpec json{"json",
                  0,
                  "",
                  "print the findings as JSON on standard output",
                  set(options.json),
                  OptionSpec::Scope::command_line_only};
  input.options.push_back(lint);
  input.options.push_back(json);
  return {input, describe(options.common)};
}

std::string_view severity_name(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

/// {"version", "valid": bool, "files": [{"file", "valid", "samples", "families", "findings": [{"severity", "line",
/// "column", "message"}]}]}
std::string as_json(const MetricsInput& input) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const CheckedInput& file : input.inputs()) {
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    for (const Diagnostic& diagnostic : file.diagnostics)
      findings.push_back({{"severity", severity_name(diagnostic.severity)},
                          {"line", diagnostic.position.line},
                          {"column", diagnostic.position.column},
                          {"message", diagnostic.message}});
    files.push_back({{"file", file.name},
                     {"valid", file.valid},
                     {"samples", file.samples},
                     {"families", file.families},
                     {"findings", std::move(findings)}});
  }
  const nlohmann::ordered_json document{
      {"version", json_document_version}, {"valid", input.valid()}, {"files", std::move(files)}};
  return document.dump(2) + "\n";
}

}  // namespace

int check_command(const std::vector<std::string>& arguments) {
  CheckCommandOptions options;
  const OptionTable table = describe(options);
  const Beginning beginning =
      begin_subcommand("check", check_help, table, Operands::files, options.common, arguments);
  if (beginning.end) return *beginning.end;

  warn_of_terminal(options.input, beginning.operands, options.common.console());
  const MetricsInput input(options.input, beginning.operands, nullptr);
  if (options.json) {
    if (const int status = print_result(as_json(input), options.common.console()); status != exit_done)
      return status;
  } else {
    write_all(STDERR_FILENO, input.diagnostics(options.common.console().verbosity()));
  }
  return input.valid() ? exit_done : exit_invalid_input;
}

}  // namespace pushmetrics
