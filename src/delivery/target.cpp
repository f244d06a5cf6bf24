#include "delivery/target.hpp"

#include "delivery/pushgateway.hpp"
#include "delivery/standard_output.hpp"
#include "delivery/victoria_metrics.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pushmetrics {
namespace {

Error not_a_target(std::string_view url, std::string_view why) {
  return Error{concat({"'", printable(url), "' is not a URL to push to: ", why})};
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const hex = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Moves `user:password@` out of the authority.
void take_credentials(std::string_view& authority, TargetUrl& target) {
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view credentials = authority.substr(0, at);
  const std::size_t colon = credentials.find(':');
  target.user = percent_decoded(credentials.substr(0, colon));
  if (colon != std::string_view::npos) target.password = percent_decoded(credentials.substr(colon + 1));
  authority.remove_prefix(at + 1);
}

std::string_view without_trailing_slashes(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool has_bad_character(std::string_view url) {
  return std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

/// Single node, and the cluster's /insert/<account>/prometheus/api/v1/import/prometheus (PROTOCOL.md).
bool is_victoria_metrics(std::string_view path) { return path.ends_with("/api/v1/import/prometheus"); }

Result<TargetUrl> parse_http(std::string_view url, std::string_view scheme) {
  TargetUrl target;
  const std::string_view rest = url.substr(scheme.size());
  const std::size_t path_start = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, path_start);
  const std::string_view path = without_trailing_slashes(rest.substr(path_start));
  take_credentials(authority, target);
  if (authority.empty()) return not_a_target(concat({scheme, authority, path}), "there is no host");
  if (path.find_first_of("?#") != std::string_view::npos ||
      authority.find_first_of("?#") != std::string_view::npos)
    return not_a_target(concat({scheme, authority, path}), "a query or fragment has no meaning here");
  target.base = concat({scheme, authority, path});
  target.name = target.base;
  if (is_victoria_metrics(path)) target.kind = TargetUrl::Kind::victoria_metrics;
  return target;
}

Result<TargetUrl> parse_unix(std::string_view url) {
  TargetUrl target;
  const std::string_view rest = url.substr(std::string_view("unix:").size());
  const std::size_t prefix_start = std::min(rest.find(":/"), rest.size());
  target.unix_socket = rest.substr(0, prefix_start);
  if (!target.unix_socket.starts_with('/')) return not_a_target(url, "write unix:/path/to.sock");
  std::string_view prefix = rest.substr(prefix_start);
  if (!prefix.empty()) prefix = without_trailing_slashes(prefix.substr(1));
  target.base = concat({"http://localhost", prefix});
  target.name = url;
  if (is_victoria_metrics(prefix)) target.kind = TargetUrl::Kind::victoria_metrics;
  return target;
}

}  // namespace

Result<TargetUrl> parse_target_url(std::string_view url) {
  if (url == "stdout:") {
    TargetUrl target;
    target.kind = TargetUrl::Kind::standard_output;
    target.name = url;
    return target;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    if (has_bad_character(url)) return Error{"a URL to push to holds white space or control characters"};
    return parse_http(url, scheme);
  }
  if (url.starts_with("unix:")) return parse_unix(url);
  if (url.find("://") == std::string_view::npos && url.find('@') == std::string_view::npos)
    return not_a_target(url, "begin it with http:// or https://");
  return Error{"a URL to push to begins with none of http://, https://, unix: and stdout:"};
}

Target make_target(const TargetUrl& url, const TargetContext& context) {
  HttpOptions access = context.access;
  if (access.user.empty() && access.password.empty() && access.bearer_token.empty()) {
    access.user = url.user;
    access.password = url.password;
  }
  const HttpEndpoint endpoint{&context.http, url.base, url.unix_socket, std::move(access)};
  switch (url.kind) {
    case TargetUrl::Kind::pushgateway: return {url.name, std::make_unique<Pushgateway>(endpoint)};
    case TargetUrl::Kind::victoria_metrics: return {url.name, std::make_unique<VictoriaMetrics>(endpoint)};
    case TargetUrl::Kind::standard_output:
      return {url.name, std::make_unique<StandardOutput>(context.standard_output)};
  }
  return {};
}

}  // namespace pushmetrics
