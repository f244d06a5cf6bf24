#include "cli/delivery_options.hpp"

#include "cli/secret_file.hpp"
#include "support/text.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::string_view default_url = "http://localhost:9091";

Store into_urls(std::vector<TargetUrl>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    std::vector<TargetUrl> urls;
    for (const std::string& value : values) {
      auto url = parse_target_url(value);
      if (!url) return url.failure();
      const auto is_same = [&](const TargetUrl& other) { return other.name == url->name; };
      if (std::ranges::none_of(urls, is_same)) urls.push_back(std::move(*url));
    }
    place = std::move(urls);
    return {};
  };
}

/// No time at all is no time limit either, as it is to curl; and without one a push could take for ever.
Store into_limit(Duration& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const auto duration = parse_duration(values.back());
    if (!duration) return Failure{duration.error()};
    if (*duration == Duration::zero()) return Failure{"it must be more than 0"};
    place = *duration;
    return {};
  };
}

Store into_retries(int& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const auto number = parse_integer(values.back(), 0, 1000);
    if (!number) return Failure{number.error()};
    place = static_cast<int>(*number);
    return {};
  };
}

Store into_bytes(std::uint64_t& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const auto number = parse_bytes(values.back());
    if (!number) return Failure{number.error()};
    place = static_cast<std::uint64_t>(*number);
    return {};
  };
}

/// Without the line end that a file brings with it, such as one that a secret was put into a variable from.
std::string without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return std::string(text);
}

Store into_headers(std::vector<std::string>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    std::vector<std::string> headers;
    for (const std::string& value : values) {
      headers.push_back(without_line_end(value));
      // Not quoted: a header may hold a secret.
      if (!is_header(headers.back())) return Failure{"invalid header: write 'Name: value', on one line"};
    }
    place = std::move(headers);
    return {};
  };
}

Store into_user(std::string& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const std::string user = without_line_end(values.back());
    // Not quoted: what follows the colon is a password.
    if (user.find(':') != user.npos)
      return Failure{"a user's name has no colon",
                     "give the password by --password-file or PUSHMETRICS_PASSWORD"};
    if (has_hidden_characters(user)) return Failure{concat({"invalid user name ", in_quotes(user)})};
    place = user;
    return {};
  };
}

OptionGroup describe_delivery(DeliveryOptions& options) {
  OptionSpec url{"url", 0, "URL", "where to push; repeatable (default: http://localhost:9091)",
                 into_urls(options.urls)};
  url.repeatable = true;
  url.environment = {"PUSHMETRICS_URL", "PUSHGATEWAY_URL"};
  url.separators = " \t\r\n";
  url.split = split_urls;
  // Not to the default target: that is not where the pushes are meant to go.
  url.on_unusable = [&options](const std::string& source) {
    TargetUrl nowhere;
    nowhere.kind = TargetUrl::Kind::unusable;
    nowhere.name = source;
    nowhere.problem = "it holds no URL that can be used";
    options.urls = {std::move(nowhere)};
  };
  OptionSpec push_timeout{"push-timeout", 0, "D",
                          "time limit for a push to one target, with retries (default: 10s, and 1s per MiB)",
                          [&options](const std::vector<std::string>& values) {
                            options.policy.per_further_mebibyte = Duration::zero();
                            return into_limit(options.policy.push_timeout)(values);
                          }};
  OptionSpec connect_timeout{"connect-timeout", 0, "D", "time limit for one connection (default: 3s)",
                             into_limit(options.http.connect_timeout)};
  OptionSpec retries{"retries", 0, "N", "number of retries (default: 3)",
                     into_retries(options.policy.retries)};
  OptionSpec spool{"spool", 0, "DIR", "directory for pushes that could not be delivered",
                   into(options.spool_directory)};
  OptionSpec no_spool{"no-spool", 0, "", "do not store them: discard them", set(options.no_spool)};
  OptionSpec max_bytes{"spool-max-bytes", 0, "N", "size limit of the spool (default: 64MiB)",
                       into_bytes(options.spool_limits.max_bytes)};
  OptionSpec max_age{"spool-max-age", 0, "D", "discard spooled pushes after this time (default: 7d)",
                     into(options.spool_limits.max_age)};
  return {"Delivery", {url, push_timeout, connect_timeout, retries, spool, no_spool, max_bytes, max_age}};
}

OptionGroup describe_access(DeliveryOptions& options) {
  OptionSpec user{"user", 0, "NAME", "user for basic authentication", into_user(options.http.user)};
  OptionSpec password{"password-file", 0, "FILE", "file with the password (or PUSHMETRICS_PASSWORD)",
                      into(options.password_file)};
  OptionSpec bearer{"bearer-token-file", 0, "FILE", "file with a bearer token (or PUSHMETRICS_BEARER_TOKEN)",
                    into(options.bearer_token_file)};
  OptionSpec header{"header", 'H', "'NAME: VALUE'", "further header; repeatable",
                    into_headers(options.http.headers)};
  header.repeatable = true;
  OptionSpec cacert{"cacert", 0, "FILE", "trust these certificate authorities (PEM)",
                    into(options.http.ca_certificates)};
  OptionSpec cert{"cert", 0, "FILE", "client certificate (PEM)", into(options.http.certificate)};
  OptionSpec key{"key", 0, "FILE", "private key of the client certificate (PEM)", into(options.http.key)};
  OptionSpec insecure{"insecure", 0, "", "do not verify the server's certificate",
                      [&options](const std::vector<std::string>&) -> Stored {
                        options.http.verify = false;
                        return {};
                      }};
  return {"Authentication and TLS", {user, password, bearer, header, cacert, cert, key, insecure}};
}

/// `known` was taken from the environment before.
std::string read_secret(EventLoop& loop, const char* variable, const std::string& path,
                        const std::string& known, std::vector<std::string>& problems) {
  if (!path.empty()) return read_secret_file(loop, path, problems);
  if (!known.empty()) return known;
  const char* value = std::getenv(variable);
  return value == nullptr ? std::string() : without_line_end(value);
}

}  // namespace

std::optional<Spool> DeliveryOptions::spool() const {
  if (no_spool) return std::nullopt;
  return Spool(spool_directory.empty() ? Spool::default_directory() : spool_directory, spool_limits);
}

SpoolListener report_of_spool(const Console& console) {
  return [&console](SpoolNotice notice, const std::string& sentence) {
    switch (notice) {
      case SpoolNotice::discarded: return console.error(sentence);
      case SpoolNotice::problem:
      case SpoolNotice::warning: return console.warn(sentence);
      case SpoolNotice::delivered:
      case SpoolNotice::stays: return console.note(sentence);
    }
  };
}

TlsSetup DeliveryOptions::tls_setup() const {
  for (const char* proxy : {"http_proxy", "all_proxy", "ALL_PROXY"})
    if (std::getenv(proxy) != nullptr) return TlsSetup::full;
  const auto is_plain = [](const TargetUrl& url) { return !url.base.starts_with("https:"); };
  return std::ranges::all_of(urls, is_plain) ? TlsSetup::minimal : TlsSetup::full;
}

OptionTable describe(DeliveryOptions& options) {
  return {describe_delivery(options), describe_access(options)};
}

std::vector<TargetUrl> target_urls(const DeliveryOptions& options) {
  if (!options.urls.empty()) return options.urls;
  return {*parse_target_url(default_url)};
}

std::string default_target_hint(const DeliveryOptions& options) {
  if (!options.urls.empty()) return {};
  return concat({default_url, " is the default: give another by --url or PUSHMETRICS_URL"});
}

TargetContext make_target_context(const DeliveryOptions& options, HttpClient& http, int standard_output,
                                  std::vector<std::string>& problems) {
  TargetContext context{http, options.http, standard_output};
  context.access.password = read_secret(http.loop(), "PUSHMETRICS_PASSWORD", options.password_file,
                                        options.http.password, problems);
  context.access.bearer_token = read_secret(http.loop(), "PUSHMETRICS_BEARER_TOKEN",
                                            options.bearer_token_file, options.http.bearer_token, problems);
  const auto has_user = [](const TargetUrl& url) { return !url.user.empty(); };
  if (!context.access.password.empty() && options.http.user.empty() &&
      std::ranges::none_of(options.urls, has_user))
    problems.emplace_back("a password is given, but no user: without --user it is not sent");
  const bool has_credentials = !options.http.user.empty() || !context.access.password.empty() ||
                               std::ranges::any_of(options.urls, has_user);
  if (!context.access.bearer_token.empty() && has_credentials)
    problems.emplace_back(
        "both a user or password and a bearer token are given: the bearer token is not sent");
  for (const TargetUrl& url : options.urls)
    if (!url.warning.empty()) problems.push_back(url.warning);
  if (!options.http.verify) problems.emplace_back("--insecure: the server's certificate is not verified");
  const auto has_password = [](const TargetUrl& url) { return !url.password.empty(); };
  const HttpOptions& access = context.access;
  // A crash is not to write what was read into a core file.
  if (!access.password.empty() || !access.bearer_token.empty() || !access.headers.empty() ||
      std::ranges::any_of(options.urls, has_password))
    ::prctl(PR_SET_DUMPABLE, 0);
  return context;
}

std::vector<Target> make_targets(const DeliveryOptions& options, HttpClient& http, int standard_output,
                                 std::vector<std::string>& problems) {
  const TargetContext context = make_target_context(options, http, standard_output, problems);
  std::vector<Target> targets;
  for (const TargetUrl& url : target_urls(options)) targets.push_back(make_target(url, context));
  return targets;
}

}  // namespace pushmetrics
