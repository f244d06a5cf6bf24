#pragma once

#include "cli/console.hpp"
#include "cli/option_table.hpp"

#include <string>

namespace pushmetrics {

/// What every subcommand has.
struct CommonOptions {
  bool help = false;
  bool quiet = false;
  bool verbose = false;
  /// Read by read_options; here only for --help and its checks.
  std::string config;

  Console console() const;
};

OptionGroup describe(CommonOptions& options);

}  // namespace pushmetrics
