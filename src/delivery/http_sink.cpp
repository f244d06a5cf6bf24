#include "delivery/http_sink.hpp"

#include "delivery/policy.hpp"
#include "support/text.hpp"

#include <zlib.h>

#include <array>
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

/// RFC 1952. Empty on failure.
std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int window_bits = 15 + 16;  // 16: with gzip's header and trailer
  // The fastest level: a slower one saves a tenth of the size for several times the time.
  if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  std::string packed;
  std::array<char, std::size_t{1} << 16> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    result = ::deflate(&stream, Z_FINISH);
    packed.append(piece.data(), piece.size() - stream.avail_out);
  }
  ::deflateEnd(&stream);
  return result == Z_STREAM_END ? packed : std::string();
}

Verdict::Kind kind_of(const HttpResponse& response) {
  using Failure = HttpResponse::Failure;
  switch (response.failure) {
    case Failure::none: break;
    case Failure::unreachable:
    case Failure::timeout: return Verdict::Kind::retry;
    case Failure::certificate:
    case Failure::other: return Verdict::Kind::blocked;
  }
  if (response.status == 200 || response.status == 202 || response.status == 204)
    return Verdict::Kind::delivered;
  if (is_retryable_status(response.status)) return Verdict::Kind::retry;
  return is_about_the_push(response.status) ? Verdict::Kind::refused : Verdict::Kind::blocked;
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
  if (words.starts_with(status)) return concat({"the server answered ", words});
  return concat({reason, ": ", words});
}

}  // namespace

std::unique_ptr<Attempt> HttpSink::attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                           Done done) {
  auto made = request(push);
  if (!made) {
    done({Verdict::Kind::refused, made.error()});
    return nullptr;
  }
  made->unix_socket = endpoint_.unix_socket;
  auto attempt = std::make_unique<HttpAttempt>();
  attempt->transfer = endpoint_.client->start(
      std::move(*made), endpoint_.options, deadline,
      [this, done = std::move(done)](const HttpResponse& response) { done(judge(response)); });
  return attempt;
}

Verdict HttpSink::judge(const HttpResponse& response) const { return verdict_of(response); }

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

Verdict verdict_of(const HttpResponse& response) {
  Verdict verdict;
  verdict.kind = kind_of(response);
  verdict.status = response.status;
  if (verdict.kind == Verdict::Kind::delivered) return verdict;
  verdict.reason = reason_of(response);
  if (verdict.kind == Verdict::Kind::retry) verdict.retry_after = parse_retry_after(response.retry_after);
  return verdict;
}

std::string encode_body(const std::string& body, std::vector<std::string>& headers) {
  constexpr std::size_t worth_packing = std::size_t{64} << 10;
  constexpr std::size_t zlib_limit = std::size_t{1} << 31;
  if (body.size() <= worth_packing || body.size() >= zlib_limit) return body;
  std::string packed = gzip(body);
  if (packed.empty()) return body;
  headers.emplace_back("Content-Encoding: gzip");  // in lower case: PROTOCOL.md, "Pushing"
  return packed;
}

}  // namespace pushmetrics
