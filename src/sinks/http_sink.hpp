#pragma once

#include "http/http.hpp"
#include "sinks/receiver.hpp"
#include "sinks/sink.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Where a sink sends its requests. The client must outlive it.
struct HttpEndpoint {
  HttpClient* client;
  std::string base;
  std::string unix_socket;
  HttpOptions options;
  Receiver receiver = Receiver::pushgateway;
};

/// A sink that sends one HTTP request per push.
class HttpSink : public Sink {
 public:
  explicit HttpSink(HttpEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  std::unique_ptr<Attempt> attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                   Done done) override;

 protected:
  /// The request for a push, with a URL that begins with `base()`; or why there can be none.
  virtual Result<HttpRequest> request(const Push& push) const = 0;
  /// What an answer means: by default what verdict_of() says.
  virtual AttemptResult judge(const HttpResponse& response) const;

  const std::string& base() const { return endpoint_.base; }
  const HttpEndpoint& endpoint() const { return endpoint_; }

 private:
  HttpEndpoint endpoint_;
};

/// The statuses that report success.
enum class SuccessStatus {
  known,   ///< 200, 202 and 204
  any_2xx  ///< as remote write has it
};

/// What a response means for the push or request (pushmetrics(1), DELIVERY).
AttemptResult verdict_of(const HttpResponse& response, SuccessStatus success = SuccessStatus::known);

/// A request without a body to `path` below the endpoint's base.
HttpClient::TransferHandle start_request(const HttpEndpoint& endpoint, std::string method,
                                         std::string_view path, EventLoop::Clock::time_point deadline,
                                         HttpClient::Done done, HttpClient::Consumer consumer = nullptr);

/// Compresses a large body.
void compress_if_large(HttpRequest& request);

}  // namespace pushmetrics
