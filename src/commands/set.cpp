#include "commands/set.hpp"

#include "cli/subcommand.hpp"
#include "formats/exposition_parser.hpp"
#include "job/added_counters.hpp"
#include "job/job_metrics_file.hpp"
#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <array>
#include <cstdlib>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp set_help{
    "pushmetrics set [options] NAME[{label=\"v\",...}] VALUE",
    "Add a metric to the push of the run, from inside a job of 'pushmetrics run'.\n"
    "The last value of a series is pushed.",
    "  pushmetrics set backup_bytes \"$(stat -c %s backup.tar)\"\n"
    "  pushmetrics set --help-text 'Rows by kind.' 'rows{kind=\"new\"}' 42\n",
};

constexpr CommandHelp add_help{
    "pushmetrics add [options] NAME[{label=\"v\",...}] NUMBER",
    "Add to a counter that lasts from run to run, from inside a job of 'pushmetrics\n"
    "run'. The push of the run has the sum of what all runs have added.",
    "  pushmetrics add rows_imported_total 4711\n"
    "  pushmetrics add 'errors_total{kind=\"parse\"}' 1\n",
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

/// The metric that two operands name.
Result<Family> as_family(const SetOptions& options, const std::vector<std::string>& operands) {
  if (operands[0].find('\n') != std::string::npos || operands[1].find('\n') != std::string::npos)
    return Failure{"a metric and its value hold no line feed"};
  if (!is_valid_utf8(options.help_text)) return Failure{"--help-text is not valid UTF-8"};
  ParsedFamilies parsed = parse_families(concat({operands[0], " ", operands[1], "\n"}));
  for (const Diagnostic& diagnostic : parsed.diagnostics)
    if (diagnostic.severity == Severity::error) return Failure{diagnostic.message};
  if (parsed.families.size() != 1) return Failure{concat({"invalid metric ", in_quotes(operands[0])})};
  parsed.families[0].type = options.type;
  parsed.families[0].help = options.help_text;
  return std::move(parsed.families[0]);
}

/// A subcommand that writes a metric into the job's file.
struct Writer {
  std::string_view name;
  const CommandHelp& help;
  std::string_view example;
  /// As lines of the file.
  Result<std::string> (*lines)(const Family& family);
};

int write_metric(const Writer& writer, SetOptions& options, const OptionTable& table,
                 const std::vector<std::string>& arguments) {
  const Beginning beginning =
      begin_subcommand(writer.name, writer.help, table, Operands::files, options.common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = options.common.console();
  if (beginning.operands.size() != 2) {
    console.error(concat({in_quotes(writer.name), " needs a metric and its value"}),
                  concat({"as in 'pushmetrics ", writer.example, "'"}));
    return exit_usage;
  }
  const auto family = as_family(options, beginning.operands);
  const auto lines = family ? writer.lines(*family) : Result<std::string>(family.failure());
  if (!lines) {
    console.error(lines.error(), lines.failure().hint);
    return exit_invalid_input;
  }
  const char* path = std::getenv("PUSHMETRICS_FILE");
  if (path == nullptr || *path == '\0') {
    console.error("PUSHMETRICS_FILE is not set",
                  concat({"'pushmetrics ", writer.name, "' works inside a job run under 'pushmetrics run'"}));
    return exit_usage;
  }
  const auto appended = append_to_job_metrics(path, *lines, AppendLock::soon);
  if (appended) return exit_done;
  console.error(concat({"PUSHMETRICS_FILE ", in_quotes(path), " cannot be written: ", appended.error()}));
  return exit_not_delivered;
}

OptionSpec describe_help_text(SetOptions& options) {
  return {"help-text",
          0,
          "TEXT",
          "help text of the metric",
          into(options.help_text),
          OptionSpec::Scope::command_line_only};
}

}  // namespace

int set_command(const std::vector<std::string>& arguments) {
  SetOptions options;
  const OptionSpec type{"type",
                        0,
                        "TYPE",
                        "gauge (the default), counter or untyped",
                        into_type(options.type),
                        OptionSpec::Scope::command_line_only};
  const OptionTable table{{"Metric", {type, describe_help_text(options)}}, describe(options.common)};
  const auto lines = [](const Family& family) -> Result<std::string> {
    return write_exposition({&family, 1});
  };
  return write_metric({"set", set_help, "set rows 42", lines}, options, table, arguments);
}

int add_command(const std::vector<std::string>& arguments) {
  SetOptions options;
  options.type = MetricType::counter;
  const OptionTable table{{"Metric", {describe_help_text(options)}}, describe(options.common)};
  const auto lines = [](const Family& family) -> Result<std::string> {
    const std::string_view problem = added_value_problem(family.samples.front().value);
    if (problem.empty()) return added_lines(family);
    return Failure{concat({"invalid number for ", in_quotes(family.name), ": ", problem})};
  };
  return write_metric({"add", add_help, "add rows_total 42", lines}, options, table, arguments);
}

}  // namespace pushmetrics
