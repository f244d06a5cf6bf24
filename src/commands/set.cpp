#include "commands/set.hpp"

#include "cli/subcommand.hpp"
#include "formats/exposition_parser.hpp"
#include "job/job_metrics_file.hpp"
#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <array>
#include <cstdlib>

namespace pushmetrics {
namespace {

constexpr CommandHelp set_help{
    "pushmetrics set [options] NAME[{label=\"v\",...}] VALUE",
    "Add a metric to the push of the run, from inside a job of 'pushmetrics run'.\n"
    "The last value of a series is pushed.",
    "  pushmetrics set backup_bytes \"$(stat -c %s backup.tar)\"\n"
    "  pushmetrics set --help-text 'Rows by kind.' 'rows{kind=\"new\"}' 42\n",
};

struct SetOptions {
  MetricType type = MetricType::gauge;
  std::string help_text;
  CommonOptions common;
};

Store into_type(MetricType& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    for (const MetricType type : {MetricType::gauge, MetricType::counter, MetricType::untyped}) {
      if (values.back() != to_string(type)) continue;
      place = type;
      return {};
    }
    return Failure{concat({"unknown type ", in_quotes(values.back()), ": write gauge, counter or untyped"})};
  };
}

OptionTable describe(SetOptions& options) {
  OptionSpec type{"type",
                  0,
                  "TYPE",
                  "gauge (the default), counter or untyped",
                  into_type(options.type),
                  OptionSpec::Scope::command_line_only};
  OptionSpec help_text{"help-text",
                       0,
                       "TEXT",
                       "help text of the metric",
                       into(options.help_text),
                       OptionSpec::Scope::command_line_only};
  return {{"Metric", {type, help_text}}, describe(options.common)};
}

/// The metric as lines of exposition text.
Result<std::string> as_lines(const SetOptions& options, const std::vector<std::string>& operands) {
  if (operands.size() != 2)
    return Failure{"'set' needs a metric and its value", "as in 'pushmetrics set rows 42'"};
  if (operands[0].find('\n') != std::string::npos || operands[1].find('\n') != std::string::npos)
    return Failure{"a metric and its value hold no line feed"};
  if (!is_valid_utf8(options.help_text)) return Failure{"--help-text is not valid UTF-8"};
  ParsedFamilies parsed = parse_families(concat({operands[0], " ", operands[1], "\n"}));
  for (const Diagnostic& diagnostic : parsed.diagnostics)
    if (diagnostic.severity == Severity::error) return Failure{diagnostic.message};
  if (parsed.families.size() != 1) return Failure{concat({"invalid metric ", in_quotes(operands[0])})};
  parsed.families[0].type = options.type;
  parsed.families[0].help = options.help_text;
  return write_exposition(parsed.families);
}

}  // namespace

int set_command(const std::vector<std::string>& arguments) {
  SetOptions options;
  const OptionTable table = describe(options);
  const Beginning beginning =
      begin_subcommand("set", set_help, table, Operands::files, options.common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = options.common.console();
  const auto lines = as_lines(options, beginning.operands);
  if (!lines) {
    console.error(lines.error(), lines.failure().hint);
    return beginning.operands.size() == 2 ? exit_invalid_input : exit_usage;
  }
  const char* path = std::getenv("PUSHMETRICS_FILE");
  if (path == nullptr || *path == '\0') {
    console.error("PUSHMETRICS_FILE is not set",
                  "'pushmetrics set' works inside a job run under 'pushmetrics run'");
    return exit_usage;
  }
  const auto appended = append_to_job_metrics(path, *lines, AppendLock::soon);
  if (appended) return exit_done;
  console.error(concat({"PUSHMETRICS_FILE ", in_quotes(path), " cannot be written: ", appended.error()}));
  return exit_not_delivered;
}

}  // namespace pushmetrics
