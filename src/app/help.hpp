#pragma once

#include "app/option_table.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// What --help says of a subcommand besides its options.
struct Manual {
  std::string_view synopsis;
  std::string_view summary;
  /// Whole lines, each at most 80 columns, with their commands indented by two.
  std::string_view examples;
};

/// --help: at most 80 columns.
std::string help_text(const Manual& manual, const OptionTable& table);

}  // namespace pushmetrics
