#include "cli/subcommand.hpp"

#include "cli/console.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pushmetrics {

Beginning begin_subcommand(std::string_view name, const CommandHelp& manual, const OptionTable& table,
                           Operands operands, const CommonOptions& common,
                           const std::vector<std::string>& arguments) {
  auto reading = read_options(name, table, operands, arguments);
  const Console console = common.console();
  if (common.help) return {{}, {}, print_result(help_text(manual, table), console)};
  if (!reading) {
    console.error(reading.error(), reading.failure().hint);
    return {{}, {}, exit_usage};
  }
  for (const std::string& problem : reading->problems) console.error(problem);
  if (!reading->problems.empty()) return {{}, {}, exit_usage};
  return {std::move(reading->operands), std::move(reading->sources), std::nullopt};
}

int print_result(std::string_view text, const Console& console) {
  if (write_all(STDOUT_FILENO, text)) return exit_done;
  console.error(concat({"standard output cannot be written: ", ::strerror(errno)}));
  return exit_not_delivered;
}

}  // namespace pushmetrics
