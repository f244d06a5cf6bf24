#include "cli/common_options.hpp"

namespace pushmetrics {

Console CommonOptions::console() const {
  if (quiet) return Console(Verbosity::quiet);
  return Console(verbose ? Verbosity::verbose : Verbosity::normal);
}

OptionGroup describe(CommonOptions& options) {
  OptionSpec config{"config", 0, "FILE", "also read this configuration file", into(options.config)};
  config.scope = OptionSpec::Scope::command_line_only;
  OptionSpec verbose{"verbose", 'v', "", "report progress on standard error", set(options.verbose)};
  OptionSpec quiet{"quiet", 'q', "", "print errors only, no warnings", set(options.quiet)};
  OptionSpec help{"help", 'h', "", "print this help", set(options.help)};
  help.scope = OptionSpec::Scope::command_line_only;
  return {"General", {config, verbose, quiet, help}};
}

}  // namespace pushmetrics
