#include "cli/subcommand.hpp"
#include "monitoring/dashboard.hpp"
#include "monitoring/dashboard_page.hpp"
#include "monitoring/rules.hpp"
#include "support/text.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace pushmetrics {
namespace {

constexpr CommandHelp rules_help{
    "pushmetrics rules [options]",
    "Print alerting rules for Prometheus (YAML): a job run by pushmetrics failed,\n"
    "fails repeatedly, timed out, was interrupted, ran out of memory, is overdue,\n"
    "never succeeded, hangs or is slow; a push failed.\n"
    "With --job also: nothing is known of the job.",
    "  pushmetrics rules >/etc/prometheus/rules/jobs.yml\n"
    "  pushmetrics rules --job backup --max-age 26h | promtool check rules /dev/stdin\n",
};

constexpr CommandHelp dashboard_help{
    "pushmetrics dashboard [options]",
    "Print a dashboard for Grafana 9 and later (JSON), to be imported or\n"
    "provisioned: state, results, durations and resources of every job run by\n"
    "pushmetrics. With --format html: the same as one page for a browser, which\n"
    "asks Prometheus or a Pushgateway itself.",
    "  pushmetrics dashboard >jobs.json\n"
    "  pushmetrics dashboard --format html --server http://prometheus:9090 >jobs.html\n",
};

OptionSpec describe_prefix(std::optional<std::string>& place) {
  return {"prefix", 0, "PREFIX", "only metrics with this prefix, as given to run (default: every prefix)",
          into(place)};
}

template <typename Format>
OptionSpec describe_format(Format& place, std::string_view help,
                           std::vector<std::pair<std::string_view, Format>> formats) {
  const auto store = [&place,
                      formats = std::move(formats)](const std::vector<std::string>& values) -> Stored {
    std::string names;
    for (const auto& [name, format] : formats) {
      if (values.back() == name) {
        place = format;
        return {};
      }
      names.append(names.empty() ? "" : ", ").append(name);
    }
    return Failure{concat({"unknown format ", in_quotes(values.back()), ": write one of ", names})};
  };
  return {"format", 0, "FORMAT", help, store, OptionSpec::Scope::command_line_only};
}

OptionSpec describe_source(Source& place) {
  return {"source", 0, "SOURCE",
          "how the metrics reach Prometheus: pushgateway (default), textfile, or remote-write (also OTLP)",
          [&place](const std::vector<std::string>& values) -> Stored {
            const std::string& value = values.back();
            if (value == "pushgateway")
              place = Source::pushgateway;
            else if (value == "textfile")
              place = Source::textfile;
            else if (value == "remote-write")
              place = Source::remote_write;
            else
              return Failure{
                  concat({"'", printable(value), "' is none of pushgateway, textfile and remote-write"})};
            return {};
          }};
}

OptionSpec describe_lookback(std::optional<Duration>& place) {
  return {"lookback", 0, "D",
          "how far back to look for samples; remote-write only (default: 31d, or twice --max-age)",
          into(place)};
}

OptionTable describe(RulesOptions& options, CommonOptions& common) {
  OptionSpec job{"job", 'j', "NAME", "for this job only (default: for every job)", into(options.job)};
  job.scope = OptionSpec::Scope::command_line_only;  // PUSHMETRICS_JOB is for pushing
  OptionSpec max_age{"max-age", 0, "D", "maximum age of the last success, for jobs without --expect-every",
                     into(options.max_age)};
  OptionSpec max_silence{"max-silence", 0, "D",
                         "maximum age of the last heartbeat of a running job (default: 15m)",
                         into(options.max_silence)};
  OptionSpec failures{"failures", 0, "N",
                      "failures in a row that are critical, for jobs with --count (default: 3)",
                      [&options](const std::vector<std::string>& values) -> Stored {
                        const auto number = parse_integer(values.back(), 1, 1'000'000);
                        if (!number) return Failure{number.error()};
                        options.failures = static_cast<int>(*number);
                        return {};
                      }};
  using Format = RulesOptions::Format;
  const OptionSpec format = describe_format<Format>(
      options.format, "prometheus (default), or operator: a PrometheusRule for Kubernetes",
      {{"prometheus", Format::prometheus}, {"operator", Format::prometheus_operator}});
  return {{"Jobs", {job, describe_prefix(options.prefix), describe_source(options.source), format}},
          {"Limits", {max_age, max_silence, failures, describe_lookback(options.lookback)}},
          describe(common)};
}

OptionSpec describe_server(std::string& place) {
  return {"server",
          0,
          "URL",
          "Prometheus or Pushgateway that the page asks; html only (default: what serves the page, else "
          "http://localhost:9090)",
          into(place),
          OptionSpec::Scope::command_line_only};
}

OptionTable describe(DashboardOptions& options, CommonOptions& common) {
  OptionSpec lookback = describe_lookback(options.lookback);
  lookback.help = "how far back to look for samples; remote-write only (default: 31d)";
  const OptionSpec format = describe_format<DashboardOptions::Format>(
      options.format, "grafana (default), html: a page for a browser, or configmap: for Kubernetes",
      {{"grafana", DashboardOptions::Format::grafana},
       {"html", DashboardOptions::Format::html},
       {"configmap", DashboardOptions::Format::configmap}});
  return {{"Jobs", {describe_prefix(options.prefix), describe_source(options.source), lookback}},
          {"Output", {format, describe_server(options.server)}},
          describe(common)};
}

Result<std::string> dashboard(const DashboardOptions& options) {
  if (options.format == DashboardOptions::Format::html) return dashboard_page(options);
  if (!options.server.empty()) return Failure{"--server needs --format html"};
  return grafana_dashboard(options);
}

/// A subcommand that prints one text made from its options.
template <typename Options>
int print_command(std::string_view name, const CommandHelp& help,
                  Result<std::string> (*text_of)(const Options&), const std::vector<std::string>& arguments) {
  Options options;
  CommonOptions common;
  const OptionTable table = describe(options, common);
  const Beginning beginning = begin_subcommand(name, help, table, Operands::none, common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = common.console();
  const auto text = text_of(options);
  if (text) return print_result(*text, console);
  console.error(concat({text.error(), ": see pushmetrics ", name, " --help"}));
  return exit_usage;
}

}  // namespace

int rules_command(const std::vector<std::string>& arguments) {
  return print_command<RulesOptions>("rules", rules_help, alerting_rules, arguments);
}

int dashboard_command(const std::vector<std::string>& arguments) {
  return print_command<DashboardOptions>("dashboard", dashboard_help, dashboard, arguments);
}

}  // namespace pushmetrics
