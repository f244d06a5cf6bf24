#include "cli/selection_options.hpp"
#include "cli/subcommand.hpp"
#include "commands/group_commands.hpp"
#include "groups/group_client.hpp"
#include "groups/group_json.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp wipe_help{
    "pushmetrics wipe --yes [options]",
    "Delete all groups on the gateway. The Pushgateway has to run with\n"
    "--web.enable-admin-api.",
    "  pushmetrics wipe --yes --url http://pushgateway:9091\n",
};

struct WipeOptions {
  bool yes = false;
  bool json = false;
  DeliveryOptions delivery;
  CommonOptions common;
};

OptionTable describe(WipeOptions& options) {
  OptionTable table{{"Deletion",
                     {describe_yes(options.yes, "confirm that everything is to be deleted; required"),
                      describe_json(options.json)}}};
  for (OptionGroup& group : describe(options.delivery)) table.push_back(std::move(group));
  table.push_back(describe(options.common));
  return table;
}

}  // namespace

int wipe_command(const std::vector<std::string>& arguments) {
  WipeOptions options;
  const Beginning beginning =
      begin_subcommand("wipe", wipe_help, describe(options), Operands::none, options.common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = options.common.console();
  if (!options.yes) {
    console.error("this deletes every group, and cannot be taken back: give --yes if that is meant");
    return exit_usage;
  }
  GroupClient session(options.delivery, console);
  GroupDocument document;
  int status = exit_done;
  for (const GroupPlace& place : session.places()) {
    const std::string problem = session.wipe(place);
    document.begin_target(place.target);
    document.set_wiped(problem.empty());
    if (problem.empty()) {
      if (!options.json)
        status = std::max(status, print_result(concat({"wiped ", place.target, "\n"}), console));
      continue;
    }
    console.error(problem);
    document.set_error(problem);
    status = exit_not_delivered;
  }
  if (options.json) status = std::max(status, print_result(document.text(), console));
  return status;
}

}  // namespace pushmetrics
