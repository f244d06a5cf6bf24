#pragma once

#include "cli/option_table.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// What --help says of a subcommand besides its options.
struct CommandHelp {
  std::string_view synopsis;
  std::string_view summary;
  /// Whole lines, each at most 80 columns, with their commands indented by two.
  std::string_view examples;
};

/// --help: at most 80 columns.
std::string help_text(const CommandHelp& manual, const OptionTable& table);

}  // namespace pushmetrics
