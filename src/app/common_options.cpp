#include "app/common_options.hpp"

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

OptionGroup describe(DeliveryOptions& options) {
  OptionSpec url{"url", 0, "URL", "where to push; repeatable (default: http://localhost:9091)",
                 into(options.urls)};
  url.repeatable = true;
  url.environment = {"PUSHMETRICS_URL", "PUSHGATEWAY_URL"};
  url.separators = " \t\r\n";
  OptionSpec push_timeout{"push-timeout", 0, "D", "for a whole push, retries included (default: 10s)",
                          into(options.push_timeout)};
  OptionSpec connect_timeout{"connect-timeout", 0, "D", "for one connection (default: 3s)",
                             into(options.connect_timeout)};
  OptionSpec retries{"retries", 0, "N", "how often to try again (default: 3)",
                     [&options](const std::vector<std::string>& values) -> Stored {
                       const auto number = parse_integer(values.back(), 0, 1000);
                       if (!number) return Error{number.error()};
                       options.retries = static_cast<int>(*number);
                       return stored();
                     }};
  return {"Delivery", {url, push_timeout, connect_timeout, retries}};
}

}  // namespace pushmetrics
