#include "sinks/http_sink.hpp"

#include "http/http_date.hpp"
#include "http/http_status.hpp"
#include "support/text.hpp"

#include <utility>

namespace pushmetrics {
namespace {

class HttpAttempt : public Attempt {
 public:
  HttpClient::TransferHandle transfer;
};

/// What a body says to a person: of a page, its title; nothing, if it is packed.
std::string server_words(std::string_view body, std::string_view encoding) {
  if (!encoding.empty() && lower_case(encoding) != "identity") return {};
  const std::string page = lower_case(body);
  constexpr std::string_view opening = "<title>";
  const std::size_t title = page.find(opening);
  if (title != std::string::npos) {
    body.remove_prefix(title + opening.size());
    return printable(body.substr(0, body.find('<')));
  }
  return page.find("<html") == std::string::npos ? printable(body) : std::string();
}

AttemptResult::Kind kind_of(const HttpResponse& response) {
  using Failure = HttpResponse::Failure;
  switch (response.failure) {
    case Failure::none: break;
    case Failure::unreachable:
    case Failure::timeout: return AttemptResult::Kind::retry;
    case Failure::certificate:
    case Failure::other: return AttemptResult::Kind::needs_attention;
  }
  if (response.status == 200 || response.status == 202 || response.status == 204)
    return AttemptResult::Kind::delivered;
  if (is_retryable_status(response.status)) return AttemptResult::Kind::retry;
  return is_content_error(response.status) ? AttemptResult::Kind::rejected
                                           : AttemptResult::Kind::needs_attention;
}

std::string reason_of(const HttpResponse& response) {
  if (response.failure != HttpResponse::Failure::none) return response.error;
  std::string reason = concat({"the server answered ", std::to_string(response.status)});
  if (!response.location.empty())
    return concat(
        {reason, ", a redirect to ", printable(response.location), ", which is not followed: push there"});
  const std::string words = server_words(response.body, response.content_encoding);
  if (words.empty()) return reason;
  // An error page's title says the status itself.
  const std::string status = std::to_string(response.status);
  // Go's words, and nginx's.
  const bool speaks_tls = words.find("HTTP request to an HTTPS server") != std::string::npos ||
                          words.find("plain HTTP request was sent to HTTPS port") != std::string::npos;
  const std::string_view cure = speaks_tls ? "; its URL begins with https:" : "";
  if (words.starts_with(status)) return concat({"the server answered ", words, cure});
  return concat({reason, ": ", words, cure});
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
  attempt->transfer = endpoint_.client->start(
      std::move(*made), endpoint_.options, deadline,
      [this, done = std::move(done)](const HttpResponse& response) { done(judge(response)); });
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

AttemptResult verdict_of(const HttpResponse& response) {
  AttemptResult verdict;
  verdict.kind = kind_of(response);
  verdict.status = response.status;
  verdict.is_unreachable = response.failure != HttpResponse::Failure::none && !response.is_connected;
  if (verdict.kind == AttemptResult::Kind::delivered) return verdict;
  verdict.reason = reason_of(response);
  if (verdict.kind == AttemptResult::Kind::retry)
    verdict.retry_after = parse_retry_after(response.retry_after);
  return verdict;
}

void compress_if_large(HttpRequest& request) {
  constexpr std::size_t worth_packing = std::size_t{64} << 10;
  if (request.content().size() > worth_packing) request.body_coding = HttpRequest::BodyCoding::gzip;
}

}  // namespace pushmetrics
