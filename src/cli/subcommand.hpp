#pragma once

#include "cli/cli.hpp"
#include "cli/common_options.hpp"
#include "cli/help.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// How a subcommand other than `run` begins: with its operands, or by ending at once with an exit status.
struct Beginning {
  std::vector<std::string> operands;
  /// Where each option's value came from.
  std::vector<OptionSource> sources;
  std::optional<int> end;
};

/// Reads the options into their places and prints --help. Reports every error on the command line, in the
/// environment or in a configuration file; the exit status is then 2 (pushmetrics(1), EXIT STATUS).
Beginning begin_subcommand(std::string_view name, const CommandHelp& manual, const OptionTable& table,
                           Operands operands, const CommonOptions& common,
                           const std::vector<std::string>& arguments);

/// Prints a result on standard output; says so when that cannot be done. Returns the exit status.
int print_result(std::string_view text, const Console& console);

}  // namespace pushmetrics
