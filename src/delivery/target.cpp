#include "delivery/target.hpp"

#include "sinks/otlp.hpp"
#include "sinks/pushgateway.hpp"
#include "sinks/remote_write.hpp"
#include "sinks/standard_output.hpp"
#include "sinks/textfile.hpp"
#include "sinks/victoria_metrics.hpp"
#include "support/text.hpp"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pushmetrics {
namespace {

Failure not_a_target(std::string_view url, std::string_view why) {
  // What stands before an @ may be a password.
  if (url.find('@') != url.npos) return Failure{concat({"invalid URL to push to: ", why})};
  return Failure{concat({"invalid URL ", in_quotes(url), ": ", why})};
}

/// Only as far as the host: what is behind it may be a password that has a space (u:1 2@gw) or a token (?token=).
Failure not_a_web_target(std::string_view scheme, std::string_view authority, std::string_view why) {
  return not_a_target(concat({scheme, "://", authority.substr(0, authority.find(':')), "..."}), why);
}

/// A mistake in a URL that may hold a secret, and so is not quoted.
Failure not_quoted(std::string_view what, std::string_view hint = {}) {
  return Failure{concat({"the URL to push to ", what}), std::string(hint)};
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

bool has_control(std::string_view url) {
  return std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

bool has_bad_character(std::string_view url) {
  return has_hidden_characters(url) || url.find(' ') != url.npos;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_quote(std::string_view character) {
  constexpr std::array<std::string_view, 6> quotes{"\"", "'", "`", "\u201C", "\u201E", "\u2018"};
  return std::ranges::find(quotes, character) != quotes.end();
}

/// Single node, and the cluster's /insert/<account>/prometheus/api/v1/import/prometheus (PROTOCOL.md).
bool is_victoria_metrics(std::string_view path) { return path.ends_with("/api/v1/import/prometheus"); }

/// What is wrong with the host and port; empty: nothing.
std::string_view authority_problem(std::string_view authority) {
  const bool is_literal = authority.starts_with('[');  // an IPv6 address
  const std::size_t host_end = is_literal ? authority.find(']') : authority.find(':');
  if (is_literal && host_end == authority.npos) return "the IPv6 address has no ']'";
  const std::size_t after_host = std::min(host_end + (is_literal ? 1 : 0), authority.size());
  if (!is_literal && std::ranges::count(authority, ':') > 1)
    return "write an IPv6 address in brackets: http://[::1]:9091";
  if (after_host == 0) return "there is no host";
  const std::string_view rest = host_end == authority.npos ? "" : authority.substr(after_host);
  if (rest.empty()) return {};
  unsigned port = 0;
  const char* const end = rest.data() + rest.size();
  const auto number = std::from_chars(rest.data() + 1, end, port);
  if (rest.front() != ':' || number.ec != std::errc() || number.ptr != end || port == 0 || port > 65535)
    return "the port is no number from 1 to 65535";
  return {};
}

std::string_view query_problem(std::string_view path) {
  return path.find_first_of("?#") == path.npos ? "" : "a query or fragment has no meaning here";
}

/// What is wrong with a path that the group's path is to follow; empty: nothing.
std::string_view path_problem(std::string_view path) {
  if (path.find("/metrics/job") != path.npos)
    return "leave out /metrics/job/...: the job's name and labels are given by --job and --label";
  return {};
}

/// What names a target's protocol before its URL.
std::string_view name_prefix(TargetUrl::Kind kind) {
  switch (kind) {
    case TargetUrl::Kind::remote_write: return "remote-write+";
    case TargetUrl::Kind::remote_write_2: return "remote-write2+";
    case TargetUrl::Kind::otlp:
    case TargetUrl::Kind::otlp_environment: return "otlp+";
    default: return "";
  }
}

/// What a person may leave out of a URL's path.
std::string_view missing_path(TargetUrl::Kind kind, std::string_view path) {
  if (kind == TargetUrl::Kind::otlp && !path.ends_with("/v1/metrics")) return "/v1/metrics";
  const bool is_write = kind == TargetUrl::Kind::remote_write || kind == TargetUrl::Kind::remote_write_2;
  if (is_write && path.empty()) return "/api/v1/write";
  return "";
}

/// The protocol that `http:` and `https:` stand behind, and is taken off `url`.
TargetUrl::Kind take_protocol(std::string_view& url) {
  const std::string scheme = lower_case(url.substr(0, std::min(url.find(':'), url.size())));
  for (const auto kind :
       {TargetUrl::Kind::remote_write, TargetUrl::Kind::remote_write_2, TargetUrl::Kind::otlp}) {
    if (!scheme.starts_with(name_prefix(kind))) continue;
    url.remove_prefix(name_prefix(kind).size());
    return kind;
  }
  return TargetUrl::Kind::pushgateway;
}

Result<TargetUrl> parse_http(std::string_view url, std::string_view scheme, TargetUrl::Kind kind) {
  TargetUrl target;
  const std::string_view rest = url.substr(url.find("://") + 3);
  const std::size_t path_start = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, path_start);
  const std::string_view path = without_trailing_slashes(rest.substr(path_start));
  take_credentials(authority, target);
  // VictoriaMetrics answers 204 to it there, and stores nothing.
  const bool is_write = kind == TargetUrl::Kind::remote_write || kind == TargetUrl::Kind::remote_write_2;
  if (is_write && is_victoria_metrics(path))
    return not_quoted("has the path of VictoriaMetrics' text import, which takes no remote write",
                      concat({"leave out ", name_prefix(kind), ", or write the path /api/v1/write"}));
  target.base = concat({scheme, "://", authority, path, missing_path(kind, path)});
  target.name = concat({name_prefix(kind), target.base});
  // Not quoted: what was read as host and path may be a password (u:1/2@gw).
  if (path.find('@') != path.npos)
    return Failure{
        "in a URL to push to, write a /, ? or # in the password as %2F, %3F or %23, and an @ in the path as "
        "%40"};
  if (authority.find(',') != authority.npos)
    return not_quoted("has a comma in its host", "separate several URLs by white space");
  if (!is_ascii(authority))
    return not_quoted("has a host name that is not ASCII",
                      "write the name as DNS has it, in the form xn--...; 'idn2 NAME' prints it");
  for (const std::string& secret : {target.user, target.password})
    if (secret.find('\0') != secret.npos) return not_quoted("has a NUL (%00) in its user or password");
  for (const std::string_view problem : {authority_problem(authority), query_problem(path)})
    if (!problem.empty()) return not_a_web_target(scheme, authority, problem);
  if (const auto problem = path_problem(path); !problem.empty()) return not_a_target(target.name, problem);
  target.kind = kind;
  if (kind == TargetUrl::Kind::pushgateway && is_victoria_metrics(path))
    target.kind = TargetUrl::Kind::victoria_metrics;
  return target;
}

bool is_web(std::string_view url) {
  const std::string start = lower_case(url.substr(0, std::string_view("https://").size()));
  return start.starts_with("http://") || start.starts_with("https://");
}

/// What begins with http:// or https://, or should.
Result<TargetUrl> parse_web(std::string_view url, TargetUrl::Kind kind) {
  // Not quoted: what is in it may be a secret.
  if (has_bad_character(url)) return not_quoted("holds white space, or characters that cannot be seen");
  if (!is_web(url)) return Failure{"it does not begin with http:// or https://"};
  return parse_http(url, lower_case(url.substr(0, url.find(':'))), kind);
}

Result<TargetUrl> parse_unix(std::string_view url) {
  TargetUrl target;
  if (has_control(url)) return not_a_target(url, "there are control characters in it");
  const std::string_view rest = url.substr(url.find(':') + 1);
  const std::size_t prefix_start = std::min(rest.find(":/"), rest.size());
  target.unix_socket = rest.substr(0, prefix_start);
  if (!target.unix_socket.starts_with('/')) return not_a_target(url, "write unix:/path/to.sock");
  if (target.unix_socket.size() >= sizeof(sockaddr_un::sun_path))
    return not_a_target(url, "the path is too long for a socket");
  std::string_view prefix = rest.substr(prefix_start);
  if (!prefix.empty()) prefix = without_trailing_slashes(prefix.substr(1));
  if (const auto problem = query_problem(prefix); !problem.empty())
    return not_a_target(url.substr(0, url.find_first_of("?#")), problem);
  if (const auto problem = path_problem(prefix); !problem.empty()) return not_a_target(url, problem);
  target.base = concat({"http://localhost", prefix});
  target.name = url;
  if (is_victoria_metrics(prefix)) target.kind = TargetUrl::Kind::victoria_metrics;
  return target;
}

Result<TargetUrl> parse_textfile(std::string_view url) {
  TargetUrl target;
  target.kind = TargetUrl::Kind::textfile;
  const std::string_view path = url.substr(url.find(':') + 1);
  if (!path.starts_with('/')) return not_a_target(url, "write textfile:/path/to/directory");
  if (has_control(path)) return not_a_target(url, "there are control characters in it");
  target.directory = path.find_first_not_of('/') == path.npos ? "/" : without_trailing_slashes(path);
  target.name = concat({"textfile:", target.directory});
  return target;
}

/// Whether it is HOST:PORT, HOST.DOMAIN or localhost, perhaps with a path: what other clients take for http://.
bool is_host(std::string_view url) {
  const std::string_view authority = url.substr(0, url.find('/'));
  const std::string_view host =
      authority.substr(0, authority.starts_with('[') ? authority.find(']') : authority.find(':'));
  const bool is_literal = host.starts_with('[');
  const std::string_view characters = is_literal ? "0123456789abcdefABCDEF:.["
                                                 : "0123456789abcdefghijklmnopqrstuvwxyz"
                                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
  if (host.empty() || host.find_first_not_of(characters) != host.npos ||
      !authority_problem(authority).empty())
    return false;
  constexpr std::array<std::string_view, 5> schemes{"http", "https", "otlp", "stdout", "remote-write"};
  if (std::ranges::find(schemes, lower_case(host)) != schemes.end()) return false;
  const bool has_port = authority.size() > host.size() + (is_literal ? 1 : 0) + 1;
  return has_port || is_literal || host.find('.') != host.npos || host == "localhost";
}

/// Never an error: what is wrong with the environment keeps nobody from the job.
TargetUrl parse_otlp_environment() {
  const OtlpEnvironment environment = otlp_environment();
  const auto url = parse_web(environment.url, TargetUrl::Kind::otlp_environment);
  TargetUrl target;
  target.kind = TargetUrl::Kind::otlp_environment;
  target.name = "otlp:";
  if (!environment.problem.empty())
    target.problem = environment.problem;
  else if (url)
    target = *url;
  else
    target.problem = concat({"OTEL_EXPORTER_OTLP_ENDPOINT: ", url.error()});
  target.warning = environment.headers_problem;
  return target;
}

/// Where nothing can be pushed, at least until somebody fixes something.
class Unusable : public Sink {
 public:
  Unusable(AttemptResult::Kind kind, std::string problem) : kind_(kind), problem_(std::move(problem)) {}
  Capabilities capabilities() const override { return {}; }
  std::unique_ptr<Attempt> attempt(const Push&, EventLoop::Clock::time_point, Done done) override {
    AttemptResult result{kind_, problem_};
    result.is_unreachable = true;
    done(std::move(result));
    return nullptr;
  }

 private:
  AttemptResult::Kind kind_;
  std::string problem_;
};

Receiver receiver_of(TargetUrl::Kind kind) {
  switch (kind) {
    case TargetUrl::Kind::victoria_metrics: return Receiver::victoria_metrics;
    case TargetUrl::Kind::remote_write: return Receiver::remote_write;
    case TargetUrl::Kind::remote_write_2: return Receiver::remote_write_2;
    case TargetUrl::Kind::otlp:
    case TargetUrl::Kind::otlp_environment: return Receiver::otlp;
    default: return Receiver::pushgateway;
  }
}

/// What was not given otherwise.
void take_otlp_environment(HttpOptions& options) {
  const OtlpEnvironment environment = otlp_environment();
  options.headers.insert(options.headers.end(), environment.headers.begin(), environment.headers.end());
  const auto fill_in = [](std::string& option, const std::string& value) {
    if (option.empty()) option = value;
  };
  fill_in(options.ca_certificates, environment.ca_certificates);
  fill_in(options.certificate, environment.certificate);
  fill_in(options.key, environment.key);
}

}  // namespace

Result<TargetUrl> parse_target_url(std::string_view url) {
  const std::string scheme = lower_case(url.substr(0, std::min(url.find(':'), url.size())));
  const bool is_bare = url.size() == scheme.size() + 1;
  std::string_view web_url = url;
  const TargetUrl::Kind kind = take_protocol(web_url);
  if (!url.empty() && is_quote(next_character(url)))
    return not_quoted("is in quotes", "leave out the quotes; 'docker --env-file' keeps those of the file");
  if (is_web(web_url)) return parse_web(web_url, kind);
  if (scheme == "unix") return parse_unix(url);
  if (scheme == "textfile") return parse_textfile(url);
  if (scheme == "otlp" && is_bare) return parse_otlp_environment();
  if (scheme == "stdout" && is_bare) {
    TargetUrl target;
    target.kind = TargetUrl::Kind::standard_output;
    target.name = url;
    return target;
  }
  if (is_host(url)) return parse_web(concat({"http://", url}), kind);
  if (url.find("://") == std::string_view::npos && url.find('@') == std::string_view::npos)
    return not_a_target(url, "begin it with http:// or https://");
  return Failure{
      "a URL to push to begins with none of http://, https://, unix:, textfile:, remote-write+http://, "
      "remote-write+https://, remote-write2+http://, remote-write2+https://, otlp+http://, otlp+https://, "
      "otlp: and stdout:"};
}

std::vector<std::string> split_urls(std::string_view text) {
  std::vector<std::string> urls;
  for (const std::string_view part : split(text, " \t\r\n")) {
    urls.emplace_back(part);
    if (part.find('@') == part.npos || part.find("://") != part.npos) continue;
    while (urls.size() > 1 && urls.back().find("://") == std::string::npos) {
      const std::string end = std::move(urls.back());
      urls.pop_back();
      urls.back() += concat({" ", end});
    }
  }
  return urls;
}

HttpEndpoint make_endpoint(const TargetUrl& url, const TargetContext& context) {
  HttpOptions access = context.access;
  if (!url.is_configured) {
    access = {};
    access.connect_timeout = context.access.connect_timeout;
    access.ca_certificates = context.access.ca_certificates;
    access.verify = context.access.verify;
  }
  if (!url.user.empty() || !url.password.empty()) {
    access.user = url.user;
    if (!url.password.empty()) access.password = url.password;
    access.bearer_token.clear();
  }
  if (url.kind == TargetUrl::Kind::otlp_environment) take_otlp_environment(access);
  return {&context.http, url.base, url.unix_socket, std::move(access), receiver_of(url.kind)};
}

Target make_target(const TargetUrl& url, const TargetContext& context) {
  if (!url.problem.empty()) {
    const bool is_somewhere = url.kind != TargetUrl::Kind::unusable;
    const auto kind = is_somewhere ? AttemptResult::Kind::needs_attention : AttemptResult::Kind::rejected;
    return {url.name, std::make_unique<Unusable>(kind, url.problem)};
  }
  const HttpEndpoint endpoint = make_endpoint(url, context);
  switch (url.kind) {
    case TargetUrl::Kind::pushgateway: return {url.name, std::make_unique<Pushgateway>(endpoint)};
    case TargetUrl::Kind::victoria_metrics: return {url.name, std::make_unique<VictoriaMetrics>(endpoint)};
    case TargetUrl::Kind::remote_write:
      return {url.name, std::make_unique<RemoteWrite>(endpoint, RemoteWriteVersion::one)};
    case TargetUrl::Kind::remote_write_2:
      return {url.name, std::make_unique<RemoteWrite>(endpoint, RemoteWriteVersion::two)};
    case TargetUrl::Kind::otlp:
    case TargetUrl::Kind::otlp_environment:
      return {url.name, std::make_unique<Otlp>(endpoint, otlp_encoding())};
    case TargetUrl::Kind::textfile:
      return {url.name, std::make_unique<Textfile>(context.http.loop(), url.directory)};
    case TargetUrl::Kind::standard_output:
      return {url.name, std::make_unique<StandardOutput>(context.standard_output)};
    case TargetUrl::Kind::unusable: break;
  }
  return {};
}

}  // namespace pushmetrics
