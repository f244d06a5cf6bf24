#include "commands/doctor.hpp"

#include "cli/config_file.hpp"
#include "cli/delivery_options.hpp"
#include "cli/selection_options.hpp"
#include "cli/subcommand.hpp"
#include "doctor/check_report.hpp"
#include "doctor/spool_check.hpp"
#include "doctor/target_check.hpp"
#include "run/run_options.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp doctor_help{
    "pushmetrics doctor [options]",
    "Check configuration, network, TLS, authentication, gateway and spool. Prints\n"
    "what was found, worst first, and how to fix a problem. Changes nothing. Exit\n"
    "status: 0 if a push to every target would succeed.",
    "  pushmetrics doctor\n"
    "  pushmetrics doctor --url https://pushgateway.example.org --json\n",
};

struct DoctorOptions {
  bool json = false;
  DeliveryOptions delivery;
  CommonOptions common;
};

OptionTable describe(DoctorOptions& options) {
  OptionTable table{{"Output", {describe_json(options.json)}}};
  for (OptionGroup& group : describe(options.delivery)) table.push_back(std::move(group));
  table.push_back(describe(options.common));
  return table;
}

/// An option's value, fit to be shown.
std::string without_secret(const OptionSource& source) {
  if (source.option == "header") return "***";
  if (source.option != "url") return printable(source.value);
  std::string urls;
  for (const std::string_view word : split(source.value, " \t\r\n")) {
    const auto url = parse_target_url(word);
    urls.append(urls.empty() ? "" : " ").append(url ? url->name : "***");
  }
  return urls;
}

/// Which files were read, and which value came from where.
void check_configuration(const DoctorOptions& options, const ParsedOptions& reading, CheckReport& section) {
  const char* variable = std::getenv("PUSHMETRICS_CONFIG");
  std::string named = options.common.config;
  if (named.empty() && variable != nullptr) named = variable;
  std::string read, sought;
  for (const std::string& file : configuration_files(named)) {
    std::string& list = ::access(file.c_str(), R_OK) == 0 ? read : sought;
    list.append(list.empty() ? "" : ", ").append(printable(file));
  }
  if (read.empty())
    section.ok("configuration", concat({"no file (looked for ", sought, ")"}));
  else
    section.ok("configuration", concat({"read from ", read}));
  for (const OptionSource& source : reading.sources)
    if (source.option != "json" && source.option != "config")
      section.ok("configuration",
                 source.value.empty() || source.value == "true"
                     ? concat({source.option, " (", source.source, ")"})
                     : concat({source.option, " = ", without_secret(source), " (", source.source, ")"}));
  for (const char* secret : {"PUSHMETRICS_PASSWORD", "PUSHMETRICS_BEARER_TOKEN"})
    if (const char* value = std::getenv(secret); value != nullptr && *value != '\0')
      section.ok("configuration", concat({secret, " = ***"}));
  for (const std::string& problem : reading.problems) section.fail("configuration", problem, "fix it there");
}

/// What [run] and the environment have for `run`, which only warns of mistakes.
void check_run_configuration(const ParsedOptions& known, CheckReport& section) {
  RunOptions options;
  const auto reading = read_options("run", describe(options), Operands::command, {"true"});
  if (!reading) return;
  for (const std::string& problem : reading->problems)
    if (std::ranges::find(known.problems, problem) == known.problems.end())
      section.warn("configuration", concat({problem, "; run does without it"}), "fix it there");
}

}  // namespace

int doctor_command(const std::vector<std::string>& arguments) {
  DoctorOptions options;
  const OptionTable table = describe(options);
  const auto reading = read_options("doctor", table, Operands::none, arguments);
  const Console console = options.common.console();
  if (options.common.help) return print_result(help_text(doctor_help, table), console);
  if (!reading) {
    console.error(concat({reading.error(), ": see pushmetrics doctor --help"}));
    return exit_usage;
  }
  std::vector<CheckReport> sections(1);
  check_configuration(options, *reading, sections[0]);
  check_run_configuration(*reading, sections[0]);
  check_spool(options.delivery.spool(), sections[0]);
  if (!is_on_command_line(reading->sources, "spool"))
    check_other_spools(options.delivery.spool(), sections[0]);

  EventLoop loop;
  HttpClient http(loop);
  std::vector<std::string> problems;
  const TargetContext context = make_target_context(options.delivery, http, STDOUT_FILENO, problems);
  for (const std::string& problem : problems)
    sections[0].warn("secrets", problem, "fix the file, or the option that names it");
  for (const TargetUrl& url : target_urls(options.delivery))
    sections.push_back(check_target(url, context, loop, options.delivery.policy.push_timeout));

  const Colours colours = shows_colours(STDOUT_FILENO) ? Colours::ansi : Colours::none;
  const int printed =
      print_result(options.json ? findings_json(sections) : format_findings(sections, colours), console);
  return is_healthy(sections) ? printed : exit_not_delivered;
}

}  // namespace pushmetrics
