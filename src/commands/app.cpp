#include "commands/app.hpp"

#include "cli/console.hpp"
#include "commands/check.hpp"
#include "commands/doctor.hpp"
#include "commands/flush.hpp"
#include "commands/group_commands.hpp"
#include "commands/push.hpp"
#include "commands/run.hpp"
#include "commands/set.hpp"
#include "http/http.hpp"
#include "monitoring/dashboard.hpp"
#include "monitoring/rules.hpp"
#include "support/descriptor.hpp"
#include "support/text.hpp"

#include <array>
#include <exception>
#include <new>
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
    Subcommand{"run", "run a job and push how it went", run_command},
    Subcommand{"push", "push metrics from files or standard input", push_command},
    Subcommand{"check", "validate and lint metrics, send nothing", check_command},
    Subcommand{"delete", "delete a group, or the groups that match", delete_command},
    Subcommand{"list", "show the groups that the gateway holds", list_command},
    Subcommand{"prune", "delete the groups last pushed longer ago than --older-than D", prune_command},
    Subcommand{"wipe", "delete everything (needs the gateway's admin API)", wipe_command},
    Subcommand{"flush", "deliver what is waiting in the spool", flush_command},
    Subcommand{"set", "from inside a job: add a metric to the run's push", set_command},
    Subcommand{"doctor", "check configuration, network, gateway and spool; say what to mend", doctor_command},
    Subcommand{"rules", "print Prometheus alerting rules for jobs run under pushmetrics", rules_command},
    Subcommand{"dashboard", "print a Grafana dashboard for them", dashboard_command},
};

std::string overview() {
  std::string text =
      "Usage: pushmetrics SUBCOMMAND [options] ...\n\n"
      "Runs jobs and gets their metrics to where Prometheus reads them.\n\nSubcommands:\n";
  for (const Subcommand& subcommand : subcommands) {
    text.append("  ").append(subcommand.name).append(12 - subcommand.name.size(), ' ');
    text.append(subcommand.summary).append("\n");
  }
  return text +
         "\n'pushmetrics SUBCOMMAND --help' tells the options. 'pushmetrics --version' tells\nthe "
         "version.\n\n"
         "Example:\n"
         "  pushmetrics run --url http://pushgateway:9091 -- ./backup.sh\n";
}

std::string version() {
  return concat({"pushmetrics " PUSHMETRICS_VERSION " (commit " PUSHMETRICS_COMMIT ")\n",
                 HttpClient::library_version(), "\n"});
}

int print(std::string_view text) { return write_all(1, text) ? exit_done : exit_not_delivered; }

int dispatch(const std::vector<std::string>& arguments) {
  const Console console(Verbosity::normal);
  if (arguments.empty()) {
    write_all(2, overview());
    return exit_usage;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") return print(overview());
  if (name == "--version" || name == "-V") return print(version());
  for (const Subcommand& subcommand : subcommands)
    if (subcommand.name == name) return subcommand.run({arguments.begin() + 1, arguments.end()});
  console.error(concat({"there is no subcommand '", printable(name), "': see pushmetrics --help"}));
  return exit_usage;
}

}  // namespace

int run_app(int argc, char** argv) {
  occupy_standard_descriptors();
  try {
    return dispatch(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::bad_alloc&) {
    Console(Verbosity::normal)
        .error("there is not enough memory for that, or a limit (ulimit -v) keeps it away");
    return exit_not_delivered;
  } catch (const std::exception& error) {
    Console(Verbosity::normal).error(concat({"internal error: ", error.what()}));
    return exit_not_delivered;
  }
}

}  // namespace pushmetrics
