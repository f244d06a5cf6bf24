#pragma once

#include "cli/option_table.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What else stands on the command line.
enum class Operands {
  none,
  files,
  /// The first operand begins a command, which is not looked into; `--` may stand before it.
  command,
};

/// What set an option: `command_line`, a variable's name, or `FILE: KEY`.
struct OptionSource {
  static constexpr std::string_view command_line = "the command line";
  std::string option;
  std::string source;
  /// As given; several with a space between.
  std::string value;
};

/// Whether an option was given on the command line.
bool is_on_command_line(const std::vector<OptionSource>& sources, std::string_view option);

/// What was read besides the options' values, which are in their places by then.
struct ParsedOptions {
  std::vector<std::string> operands;
  /// What was wrong with the environment and configuration files, and does not count: whole sentences.
  std::vector<std::string> problems;
  /// Of the options that were set.
  std::vector<OptionSource> sources = {};
};

/// Reads the arguments after the subcommand, the environment and the configuration files into the places that
/// `table` names. The command line overrides the environment, which overrides the files, which override what
/// is there already (pushmetrics(1), FILES). Only an error on the command line is a failure.
Result<ParsedOptions> read_options(std::string_view subcommand, const OptionTable& table, Operands operands,
                                   const std::vector<std::string>& arguments);

}  // namespace pushmetrics
