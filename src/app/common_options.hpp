#pragma once

#include "app/console.hpp"
#include "app/option_table.hpp"

#include <string>
#include <vector>

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

/// Where pushes go (SPEC.md, "Where it pushes", "Delivery").
struct DeliveryOptions {
  std::vector<std::string> urls = {"http://localhost:9091"};
  Duration push_timeout = std::chrono::seconds(10);
  Duration connect_timeout = std::chrono::seconds(3);
  int retries = 3;
};

OptionGroup describe(DeliveryOptions& options);

}  // namespace pushmetrics
