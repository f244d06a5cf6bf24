#include "cli/common_options.hpp"

namespace pushmetrics {

Console CommonOptions::console() const {
  if (quiet) return Console(Verbosity::quiet);
  return Console(verbose ? Verbosity::verbose : Verbosity::normal);
}

OptionGroup describe(CommonOptions& options) {
  OptionSpec config{"config", 0, "FILE", "read this configuration file, too", into(options.config)};
  config.scope = OptionSpec::Scope::command_line_only;
  OptionSpec verbose{"verbose", 'v', "", "say on standard error what is done", set(options.verbose)};
  OptionSpec quiet{"quiet", 'q', "", "say nothing but what is lost", set(options.quiet)};
  OptionSpec help{"help", 'h', "", "print this help", set(options.help)};
  help.scope = OptionSpec::Scope::command_line_only;
  return {"General", {config, verbose, quiet, help}};
}

}  // namespace pushmetrics
