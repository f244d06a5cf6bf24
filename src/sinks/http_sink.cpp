#include "sinks/http_sink.hpp"

#include "http/http_date.hpp"
#include "http/http_status.hpp"
#include "sinks/address_hint.hpp"
#include "sinks/answer_body.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pushmetrics {
namespace {

class HttpAttempt : public Attempt {
 public:
  HttpClient::TransferHandle transfer;
};

AttemptResult::Kind kind_of(const HttpResponse& response, SuccessStatus success) {
  using Failure = HttpResponse::Failure;
  switch (response.failure) {
    case Failure::none: break;
    case Failure::unreachable:
    case Failure::timeout: return AttemptResult::Kind::retry;
    case Failure::certificate:
    case Failure::other: return AttemptResult::Kind::needs_attention;
  }
  const bool is_known = response.status == 200 || response.status == 202 || response.status == 204;
  if (is_known || (success == SuccessStatus::any_2xx && response.status / 100 == 2))
    return AttemptResult::Kind::delivered;
  if (is_retryable_status(response.status)) return AttemptResult::Kind::retry;
  return is_content_error(response.status) ? AttemptResult::Kind::rejected
                                           : AttemptResult::Kind::needs_attention;
}

/// Where a redirect leads, without what may be a secret: user, password, query and fragment.
std::string redirect_target(std::string_view location) {
  std::string target(location.substr(0, location.find_first_of("?#")));
  const std::size_t authority = target.find("://");
  if (authority == std::string::npos) return printable(target);
  const std::size_t start = authority + 3;
  const std::size_t at = std::string_view(target).substr(start, target.find('/', start) - start).rfind('@');
  if (at != std::string::npos) target.erase(start, at + 1);
  return printable(target);
}

/// Whether a redirect leads to where a person is to log in.
bool is_login(std::string_view target) {
  constexpr std::array<std::string_view, 14> signs{
      "login",     "logon",        "signin", "sign-in", "sign_in", "oauth",          "oauth2",
      "authorize", "authenticate", "sso",    "saml",    "saml2",   "openid-connect", "auth"};
  const std::string text = lower_case(target);
  const auto words = split(text, "/.:?&=");
  return std::ranges::any_of(
      words, [&](std::string_view word) { return std::ranges::find(signs, word) != signs.end(); });
}

constexpr const char* login_hint =
    "give --user and --password-file, or --bearer-token-file; or let pushes pass without a login there";

void describe_redirect(const HttpResponse& response, AttemptResult& result) {
  const std::string target = redirect_target(response.location);
  const bool leads_to_login = is_login(target);
  result.id = leads_to_login ? "login" : "redirect";
  result.reason = concat({"the server answered ", std::to_string(response.status), ", a redirect to ",
                          leads_to_login ? "a login page, " : "", target,
                          leads_to_login ? "" : ", which is not followed"});
  if (leads_to_login)
    result.hint = login_hint;
  else
    result.hint = concat({"push to ", target.substr(0, target.find("/metrics/job"))});
}

/// An error page's title says the status itself.
std::string status_words(const HttpResponse& response) {
  const std::string status = std::to_string(response.status);
  const std::string words = body_words(response.body, response.content_encoding);
  if (words.empty()) return concat({"the server answered ", status});
  if (words.starts_with(status)) return concat({"the server answered ", words});
  return concat({"the server answered ", status, ": ", words});
}

/// What keeps an answer that reports success from being a receiver's; empty: nothing.
std::string page_problem(const HttpResponse& response, AnswerBody body) {
  const std::string start = concat({"the server answered ", std::to_string(response.status)});
  if (response.is_early) return concat({start, " before it had received the body: it stores nothing"});
  const std::string words = body_words(response.body, response.content_encoding);
  const std::string title = words.empty() ? "" : concat({" (", words, ")"});
  switch (body) {
    case AnswerBody::html_page: return concat({start, " with an HTML page", title, ": it stores no metrics"});
    case AnswerBody::login_page: return concat({start, " with a login page", title});
    case AnswerBody::metrics_page:
      return concat({start, " with a page of metrics: it is scraped, and stores none"});
    case AnswerBody::json_error: return concat({start, " with an error: ", words});
    case AnswerBody::none:
    case AnswerBody::other: break;
  }
  return {};
}

/// Not every answer that reports success is a receiver's.
void judge_success(const HttpResponse& response, AttemptResult& result) {
  const AnswerBody body = classify_body(response.body, response.content_type, response.content_encoding);
  result.reason = page_problem(response, body);
  if (!result.reason.empty()) {
    result.kind = AttemptResult::Kind::needs_attention;
    const bool is_login_page = body == AnswerBody::login_page && !response.is_early;
    result.id = is_login_page ? "login" : "no-receiver";
    if (is_login_page) result.hint = login_hint;
  }
}

}  // namespace

std::unique_ptr<Attempt> HttpSink::attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                           Done done) {
  auto made = request(push);
  if (!made) {
    done({AttemptResult::Kind::rejected, made.error()});
    return nullptr;
  }
  made->unix_socket = endpoint_.unix_socket;
  auto attempt = std::make_unique<HttpAttempt>();
  attempt->transfer = endpoint_.client->start(std::move(*made), endpoint_.options, deadline,
                                              [this, done = std::move(done)](const HttpResponse& response) {
                                                done(with_address_hint(judge(response), endpoint_, response));
                                              });
  return attempt;
}

AttemptResult HttpSink::judge(const HttpResponse& response) const { return verdict_of(response); }

HttpClient::TransferHandle start_request(const HttpEndpoint& endpoint, std::string method,
                                         std::string_view path, EventLoop::Clock::time_point deadline,
                                         HttpClient::Done done, HttpClient::Consumer consumer) {
  HttpRequest request;
  request.method = std::move(method);
  request.url = concat({endpoint.base, path});
  request.unix_socket = endpoint.unix_socket;
  return endpoint.client->start(std::move(request), endpoint.options, deadline, std::move(done),
                                std::move(consumer));
}

AttemptResult verdict_of(const HttpResponse& response, SuccessStatus success) {
  AttemptResult verdict;
  verdict.kind = kind_of(response, success);
  verdict.status = response.status;
  verdict.is_unreachable = response.failure != HttpResponse::Failure::none && !response.is_connected;
  verdict.id = response.id;
  if (verdict.kind == AttemptResult::Kind::delivered) {
    judge_success(response, verdict);
    return verdict;
  }
  if (response.failure != HttpResponse::Failure::none)
    verdict.reason = response.error;
  else if (!response.location.empty())
    describe_redirect(response, verdict);
  else
    verdict.reason = status_words(response);
  if (verdict.kind == AttemptResult::Kind::retry)
    verdict.retry_after = parse_retry_after(response.retry_after);
  return verdict;
}

void compress_if_large(HttpRequest& request) {
  constexpr std::size_t worth_packing = std::size_t{64} << 10;
  if (request.content().size() > worth_packing) request.body_coding = HttpRequest::BodyCoding::gzip;
}

}  // namespace pushmetrics
