#include "doctor/target_check.hpp"

#include "doctor/gateway_check.hpp"
#include "doctor/textfile_check.hpp"
#include "sinks/address_hint.hpp"
#include "support/text.hpp"

#include <cmath>
#include <cstdlib>
#include <utility>

namespace pushmetrics {
namespace {

using Failure = HttpResponse::Failure;

bool is_secure(const HttpEndpoint& endpoint) { return endpoint.base.starts_with("https://"); }

bool stays_here(const HttpEndpoint& endpoint) {
  if (!endpoint.unix_socket.empty()) return true;
  for (const std::string_view host : {"http://localhost", "http://127.", "http://[::1]"})
    if (endpoint.base.starts_with(host)) return true;
  return false;
}

bool has_secret(const HttpOptions& access) {
  return !access.password.empty() || !access.bearer_token.empty() || !access.headers.empty();
}

/// Of libcurl's environment (libcurl-env(3)), which does not read HTTP_PROXY.
std::string proxy_words(const HttpEndpoint& endpoint) {
  if (!endpoint.unix_socket.empty()) return "";
  const auto [lower, upper] =
      is_secure(endpoint) ? std::pair("https_proxy", "HTTPS_PROXY") : std::pair("http_proxy", "http_proxy");
  for (const char* name : {lower, upper, "all_proxy", "ALL_PROXY"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0')
      return concat({" (", name, " is set)"});
  return "";
}

/// The hint of a result, or what helps otherwise.
std::string remedy(const AttemptResult& result, std::string_view otherwise) {
  return result.hint.empty() ? std::string(otherwise) : result.hint;
}

constexpr const char* proxy_cure = "fix the proxy's variable, or put the host into NO_PROXY";

void check_name_and_connection(const HttpProbe& talk, const HttpResponse& answer, Duration took,
                               CheckReport& section) {
  const HttpEndpoint& endpoint = talk.endpoint();
  const std::string proxy = proxy_words(endpoint);
  const bool has_name = endpoint.unix_socket.empty();
  const bool is_about_proxy = !proxy.empty() && answer.id == "proxy";
  if (answer.failure == Failure::unreachable && has_name && !answer.name_resolved)
    return section.fail(
        "name", concat({answer.error, proxy}),
        is_about_proxy ? proxy_cure : "fix the host's name in --url, or /etc/hosts or the DNS");
  if (has_name && answer.name_resolved)
    section.ok("name", concat({answer.peer.empty() ? "resolves" : "is ", answer.peer, proxy}));
  // A status counts for more than a failure: whoever answers is there.
  if (answer.status == 0 && answer.failure == Failure::unreachable &&
      (answer.id == "no-tls" || answer.id == "not-tls"))
    return section.fail(
        "tls", answer.error,
        remedy(talk.judge(answer), "see whether the server speaks TLS there; if not, write http://"));
  if (answer.status == 0 && answer.failure == Failure::unreachable)
    return section.fail(
        "connection", concat({answer.error, proxy}),
        is_about_proxy ? proxy_cure
                       : "start the gateway, or fix the port in --url or what stands between (a firewall)");
  if (answer.status == 0 && answer.failure == Failure::timeout)
    return section.fail("connection", concat({answer.error, proxy}),
                        "see whether the gateway hangs (restart it) or a firewall drops the packets");
  if (answer.status == 0 && answer.failure == Failure::other)
    return section.fail("connection", concat({answer.error, proxy}),
                        remedy(talk.judge(answer), "see whether --url names the right server"));
  section.ok("connection", concat({"answers in ", format_duration(took)}));
}

void check_tls(const HttpProbe& talk, const HttpResponse& answer, CheckReport& section) {
  if (answer.failure == Failure::certificate)
    return section.fail(
        "tls", answer.error,
        "give --cacert FILE with the authority of the server's certificate, or have it renewed");
  if (!is_secure(talk.endpoint()) || answer.status == 0) return;
  if (!talk.endpoint().options.verify)
    section.warn("tls", "the certificate is not verified", "give --cacert FILE in place of --insecure");
  if (!answer.certificate_expires) return;
  constexpr std::chrono::hours soon(14 * 24);
  const auto left = *answer.certificate_expires - std::chrono::system_clock::now();
  const std::string words = format_duration(left < Duration::zero() ? Duration(-left) : Duration(left));
  if (left < Duration::zero())
    section.warn("tls", concat({"the certificate expired ", words, " ago"}), "have it renewed");
  else if (left < soon)
    section.warn("tls", concat({"the certificate expires in ", words}), "have it renewed");
  else
    section.ok("tls", concat({"the certificate is good for ", words}));
}

/// `status` is the answer's to what only those who may push are allowed; 0: there was none.
void check_authentication(const HttpProbe& talk, int status, CheckReport& section) {
  const HttpOptions& access = talk.endpoint().options;
  const bool gives = has_secret(access) || !access.user.empty();
  if (status == 401)
    return section.fail(
        "authentication",
        gives ? "user, password or token are refused (401)" : "it wants to know who we are (401)",
        gives ? "fix --user, --password-file or --bearer-token-file"
              : "give --user and --password-file, or --bearer-token-file");
  if (status == 403)
    return section.fail("authentication", "access is forbidden (403)", "have it permitted at the server");
  if (status == 407)
    return section.fail("authentication", "the proxy wants a user and password (407)",
                        "put them into the proxy's variable, or the host into NO_PROXY");
  if (status == 0) return;
  if (has_secret(access) && !is_secure(talk.endpoint()) && !stays_here(talk.endpoint()))
    return section.warn("authentication", "the secret goes over the network unencrypted",
                        "use https:// and a server with TLS");
  section.ok("authentication", gives ? "accepted" : "none is asked for");
}

void check_clock(const HttpResponse& answer, CheckReport& section) {
  if (!answer.server_time) return;
  // The server gives whole seconds.
  const auto here = std::chrono::system_clock::now();
  const double difference = to_seconds(here - *answer.server_time) - 0.5;
  constexpr double tolerated = 5;
  if (std::abs(difference) <= tolerated) return section.ok("clock", "agrees with this machine's");
  const std::string words = format_duration(from_seconds(std::abs(difference)));
  section.warn("clock", concat({"is ", words, difference > 0 ? " behind" : " ahead of", " this machine's"}),
               "set both by NTP: alerts compare these times");
}

void check_victoria_metrics(HttpProbe& talk, CheckReport& section) {
  const HttpResponse answer = talk.ask("POST", "", "");
  const AttemptResult result = talk.judge(answer);
  if (result.kind == AttemptResult::Kind::delivered)
    section.ok("push", "VictoriaMetrics takes pushes; it has no groups to list or delete");
  else if (answer.status != 401 && answer.status != 403)
    section.fail("push", result.reason, remedy(result, "fix the path in --url"));
}

/// Tries a write without a sample, which changes nothing.
AttemptResult write_nothing(const TargetUrl& url, const TargetContext& context, EventLoop& loop,
                            Duration budget) {
  const Target target = make_target(url, context);
  const Push empty{*GroupingKey::make("pushmetrics_doctor"), PushMode::add, "",
                   std::chrono::system_clock::now()};
  std::optional<AttemptResult> verdict;
  const auto attempt = target.sink->attempt(empty, EventLoop::Clock::now() + budget,
                                            [&](AttemptResult outcome) { verdict = std::move(outcome); });
  loop.run_until([&] { return verdict.has_value(); });
  return *verdict;
}

void check_writes(const AttemptResult& verdict, CheckReport& section) {
  if (verdict.kind == AttemptResult::Kind::delivered)
    section.ok("push", "a write without a sample is taken; its limits for samples show with a push only");
  else if (verdict.kind == AttemptResult::Kind::rejected && verdict.status == 400)
    section.warn("push",
                 concat({"a write without a sample is rejected, so nothing can be checked without one: ",
                         verdict.reason}),
                 "try a push: pushmetrics push -j test -m x=1");
  else if (verdict.status != 401 && verdict.status != 403)
    section.fail("push", verdict.reason,
                 remedy(verdict, "fix the path in --url, or turn the receiver on at the server"));
}

}  // namespace

HttpProbe::HttpProbe(HttpEndpoint endpoint, EventLoop& loop, Duration budget)
    : endpoint_(std::move(endpoint)), loop_(loop), budget_(budget) {}

HttpResponse HttpProbe::ask(std::string method, std::string_view path, std::string body,
                            HttpClient::Consumer consumer) {
  HttpRequest request;
  request.method = std::move(method);
  request.url = concat({endpoint_.base, path});
  request.unix_socket = endpoint_.unix_socket;
  request.body = std::move(body);
  request.inspect_certificate = true;
  std::optional<HttpResponse> answer;
  const auto transfer = endpoint_.client->start(
      std::move(request), endpoint_.options, EventLoop::Clock::now() + budget_,
      [&](HttpResponse response) { answer = std::move(response); }, std::move(consumer));
  loop_.run_until([&] { return answer.has_value(); });
  return std::move(*answer);
}

AttemptResult HttpProbe::judge(const HttpResponse& answer) const {
  return with_address_hint(verdict_of(answer), endpoint_, answer);
}

CheckReport check_target(const TargetUrl& url, const TargetContext& context, EventLoop& loop,
                         Duration budget) {
  CheckReport section{url.name, {}};
  if (url.kind == TargetUrl::Kind::standard_output) {
    section.ok("push", "prints what is pushed");
    return section;
  }
  if (url.kind == TargetUrl::Kind::textfile) {
    check_textfile(url.directory, section);
    return section;
  }
  if (!url.problem.empty()) {
    section.fail("push", url.problem, "fix the variable, or give the URL with --url");
    return section;
  }
  HttpProbe talk(make_endpoint(url, context), loop, budget);
  const bool is_gateway = url.kind == TargetUrl::Kind::pushgateway;
  const auto start = EventLoop::Clock::now();
  // Whatever this answers elsewhere than at a Pushgateway, it changes nothing.
  const HttpResponse answer = talk.ask("GET", is_gateway ? "/api/v1/status" : "", "");
  check_name_and_connection(talk, answer, EventLoop::Clock::now() - start, section);
  check_tls(talk, answer, section);
  if (answer.status == 0) return section;
  const bool is_writer = !is_gateway && url.kind != TargetUrl::Kind::victoria_metrics;
  const AttemptResult written = is_writer ? write_nothing(url, context, loop, budget) : AttemptResult{};
  check_authentication(talk, is_writer ? written.status : answer.status, section);
  check_clock(answer, section);
  if (is_gateway)
    check_gateway(url, talk, answer, section);
  else if (url.kind == TargetUrl::Kind::victoria_metrics)
    check_victoria_metrics(talk, section);
  else
    check_writes(written, section);
  return section;
}

}  // namespace pushmetrics
