#pragma once

#include "cli/console.hpp"
#include "cli/option_table.hpp"
#include "delivery/backlog.hpp"
#include "delivery/retry_policy.hpp"
#include "delivery/target.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// Targets and credentials (pushmetrics(1), TARGETS, DELIVERY, OPTIONS).
struct DeliveryOptions {
  /// Those of --url; none: http://localhost:9091.
  std::vector<TargetUrl> urls;
  RetryPolicy policy;
  HttpOptions http;
  std::string password_file;
  std::string bearer_token_file;
  /// Empty: the default of pushmetrics(1), SPOOL.
  std::string spool_directory;
  SpoolLimits spool_limits;
  bool no_spool = false;

  std::optional<Spool> spool() const;
  /// Minimal when no target, nor a proxy perhaps, is spoken to by TLS.
  TlsSetup tls_setup() const;
};

/// The groups "Delivery" and "Authentication and TLS" of --help.
OptionTable describe(DeliveryOptions& options);

/// Reports what is to be known of pushes that waited: losses and problems, and under -v the rest.
SpoolListener report_of_spool(const Console& console);

/// Those of --url, or the default.
std::vector<TargetUrl> target_urls(const DeliveryOptions& options);

/// For a push that failed: that the default target was used, where it was; else empty.
std::string default_target_hint(const DeliveryOptions& options);

/// What targets are made with: see make_targets().
TargetContext make_target_context(const DeliveryOptions& options, HttpClient& http, int standard_output,
                                  std::vector<std::string>& problems);

/// The targets, with their secrets read, which is why it is done late; what is wrong with the files goes to
/// `problems`, whole sentences. `http` must outlive the targets; `standard_output` is where `stdout:` prints.
std::vector<Target> make_targets(const DeliveryOptions& options, HttpClient& http, int standard_output,
                                 std::vector<std::string>& problems);

}  // namespace pushmetrics
