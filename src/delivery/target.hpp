#pragma once

#include "sinks/http_sink.hpp"
#include "sinks/sink.hpp"
#include "support/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The parts of a target's URL (pushmetrics(1), TARGETS).
struct TargetUrl {
  enum class Kind {
    pushgateway,
    victoria_metrics,
    remote_write,
    remote_write_2,
    otlp,
    otlp_environment,  ///< with the headers and certificates of OpenTelemetry's variables
    textfile,
    standard_output,
    unusable  ///< nobody knows where: what is pushed there is lost, for the reason in `problem`
  };

  Kind kind = Kind::pushgateway;
  /// http or https, without user and password and without a slash at the end.
  std::string base;
  std::string unix_socket;
  std::string user;
  std::string password;
  /// Of a textfile target.
  std::string directory;
  /// Why nothing can be pushed there as the environment has it; empty: nothing. That is no fault of the
  /// command line's.
  std::string problem;
  /// Whether the person named it. To any other, as an entry of the spool may name one, no credentials go.
  bool is_configured = true;
  /// What else is wrong with the environment, although it can be pushed there; empty: nothing.
  std::string warning;
  /// The URL as it may be shown and stored: without user and password.
  std::string name;
};

/// Parses the forms of pushmetrics(1), TARGETS. `otlp:` takes its endpoint from the environment. A colon
/// separates a prefix from a socket's path: `unix:/run/pushgateway.sock:/prefix`.
Result<TargetUrl> parse_target_url(std::string_view url);

/// URLs separated by white space. What stands before `@` in a URL may hold some by mistake, and stays with it.
std::vector<std::string> split_urls(std::string_view text);

/// One place that every push goes to.
struct Target {
  /// For messages, and as the target's identity in the spool.
  std::string name;
  std::unique_ptr<Sink> sink;
};

/// What targets are made with. `http` must outlive them.
struct TargetContext {
  HttpClient& http;
  /// A user and a password in a URL count over these, for that URL's target; a user there without a password
  /// goes with this password.
  HttpOptions access;
  /// Where `stdout:` prints.
  int standard_output = 1;
};

HttpEndpoint make_endpoint(const TargetUrl& url, const TargetContext& context);
Target make_target(const TargetUrl& url, const TargetContext& context);

}  // namespace pushmetrics
