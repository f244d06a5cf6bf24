#include "commands/app.hpp"

#include "cli/console.hpp"
#include "cli/subcommand.hpp"
#include "cli/suggestions.hpp"
#include "commands/check.hpp"
#include "commands/completion.hpp"
#include "commands/doctor.hpp"
#include "commands/flush.hpp"
#include "commands/group_commands.hpp"
#include "commands/manual_page.hpp"
#include "commands/push.hpp"
#include "commands/run.hpp"
#include "commands/set.hpp"
#include "commands/step.hpp"
#include "http/http.hpp"
#include "monitoring/dashboard.hpp"
#include "monitoring/rules.hpp"
#include "support/crash_guard.hpp"
#include "support/descriptor.hpp"
#include "support/message_queue.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {
namespace {

struct Subcommand {
  std::string_view name;
  std::string_view summary;
  int (*run)(const std::vector<std::string>& arguments);
};

constexpr std::array subcommands{
    Subcommand{"run", "run a job and push its result", run_command},
    Subcommand{"push", "push metrics from files or standard input", push_command},
    Subcommand{"check", "validate and lint metrics, send nothing", check_command},
    Subcommand{"delete", "delete one group, or all groups that match", delete_command},
    Subcommand{"list", "list the groups on the gateway", list_command},
    Subcommand{"prune", "delete groups whose last push is older than D", prune_command},
    Subcommand{"wipe", "delete all groups (needs the gateway's admin API)", wipe_command},
    Subcommand{"flush", "deliver the spooled pushes", flush_command},
    Subcommand{"set", "from inside a job: add a metric to the run's push", set_command},
    Subcommand{"add", "from inside a job: add to a counter that lasts from run to run", add_command},
    Subcommand{"step", "from inside a job: run one step of it and time it", step_command},
    Subcommand{"doctor", "check configuration, network, gateway and spool", doctor_command},
    Subcommand{"rules", "print Prometheus alerting rules for jobs run under pushmetrics", rules_command},
    Subcommand{"dashboard", "print a dashboard for Grafana or a browser", dashboard_command},
    Subcommand{"completion", "print the completion for bash, zsh or fish", completion_command},
};

const Subcommand* find_subcommand(std::string_view name) {
  const auto found = std::ranges::find(subcommands, name, &Subcommand::name);
  return found == subcommands.end() ? nullptr : found;
}

constexpr auto names = [] {
  std::array<std::string_view, subcommands.size()> all{};
  std::ranges::transform(subcommands, all.begin(), &Subcommand::name);
  return all;
}();

std::string overview() {
  std::string text =
      "Usage: pushmetrics SUBCOMMAND [options] ...\n\n"
      "Runs jobs and gets their metrics to where Prometheus reads them.\n\nSubcommands:\n";
  for (const Subcommand& subcommand : subcommands) {
    text.append("  ").append(subcommand.name).append(12 - subcommand.name.size(), ' ');
    text.append(subcommand.summary).append("\n");
  }
  return text +
         "\n'pushmetrics help SUBCOMMAND' shows its options, 'pushmetrics --version' the\n"
         "version (as JSON with '--json').\n\n"
         "Example:\n"
         "  pushmetrics run --url http://pushgateway:9091 -- ./backup.sh\n";
}

std::string version() {
  return concat({"pushmetrics " PUSHMETRICS_VERSION " (commit " PUSHMETRICS_COMMIT ")\n",
                 HttpClient::library_version(), "\n"});
}

/// {"version", "commit", "libraries": [NAME/VERSION...]}
std::string version_json() {
  const nlohmann::ordered_json document{{"version", PUSHMETRICS_VERSION},
                                        {"commit", PUSHMETRICS_COMMIT},
                                        {"libraries", split(HttpClient::library_version(), " \n")}};
  return document.dump(2) + "\n";
}

int print(std::string_view text) { return print_result(text, Console(Verbosity::normal)); }

int usage_error(std::string_view message, std::string_view hint) {
  Console(Verbosity::normal).error(message, hint);
  return exit_usage;
}

/// What a first word that is no subcommand is perhaps meant to be.
std::string hint_for(std::string_view word, const std::vector<std::string>& rest) {
  if (word.starts_with('-')) {
    const auto is_name = [](const std::string& text) { return find_subcommand(text) != nullptr; };
    const auto subcommand = std::ranges::find_if(rest, is_name);
    if (subcommand != rest.end())
      return concat(
          {"options follow the subcommand: 'pushmetrics ", *subcommand, " ", visible(word, 40), " ...'"});
  }
  if (word == "version") return "use 'pushmetrics --version'";
  if (const std::string_view meant = nearest(word, names); !meant.empty())
    return concat({"use 'pushmetrics ", meant, "'"});
  return "see 'pushmetrics --help'; to run a command: 'pushmetrics run -- COMMAND'";
}

int unknown_subcommand(std::string_view word, const std::vector<std::string>& rest) {
  const std::string_view kind = word.starts_with('-') ? "unknown option " : "unknown subcommand ";
  return usage_error(concat({kind, in_quotes(word)}), hint_for(word, rest));
}

int help(const std::vector<std::string>& rest) {
  if (rest.empty() || rest.front().starts_with('-')) return print(overview());
  if (const Subcommand* const subcommand = find_subcommand(rest.front())) {
    show_manual_page(concat({"pushmetrics-", rest.front()}));
    return subcommand->run({"--help"});
  }
  return unknown_subcommand(rest.front(), rest);
}

int show_version(const std::vector<std::string>& rest) {
  if (rest.empty()) return print(version());
  if (rest.size() == 1 && rest.front() == "--json") return print(version_json());
  return usage_error(concat({"unexpected argument ", in_quotes(rest.front()), " after --version"}),
                     "use 'pushmetrics --version --json' for JSON");
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    write_all(2, overview());
    return exit_usage;
  }
  const std::string& name = arguments.front();
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (name == "--help" || name == "-h" || name == "help") return help(rest);
  if (name == "--version" || name == "-V") return show_version(rest);
  if (const Subcommand* const subcommand = find_subcommand(name)) return subcommand->run(rest);
  return unknown_subcommand(name, rest);
}

/// Without memory, which may be damaged.
void end_after_crash(void*, int) {
  write_all(STDERR_FILENO,
            "pushmetrics: internal error: it crashed; a push that is not spooled is discarded\n");
  std::_Exit(exit_not_delivered);
}

}  // namespace

int run_app(int argc, char** argv) {
  occupy_standard_descriptors();
  // Of `run`, whose job has not begun then: else run_command() would not let anything through.
  const bool is_run = argc > 1 && std::string_view(argv[1]) == "run";
  // A job begins with the signals' dispositions as they are: its own guard comes after it.
  const bool has_job = is_run || (argc > 1 && std::string_view(argv[1]) == "step");
  std::optional<CrashGuard> guard;
  if (!has_job) guard.emplace(end_after_crash, nullptr);
  try {
    return dispatch(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::bad_alloc&) {
    write_message(
        is_run ? "pushmetrics: the job was not run: there is not enough memory\n"
               : "pushmetrics: there is not enough memory for that, or a limit (ulimit -v) keeps it away\n");
  } catch (const std::exception& error) {
    Console(Verbosity::normal).error(concat({"internal error: ", error.what()}));
  }
  return is_run ? exit_run_usage : exit_not_delivered;
}

}  // namespace pushmetrics
