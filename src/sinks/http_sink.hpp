#pragma once

#include "http/http.hpp"
#include "sinks/sink.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Where requests of a sink go. The client must outlive it.
struct HttpEndpoint {
  HttpClient* client;
  std::string base;
  std::string unix_socket;
  HttpOptions options;
};

/// A sink that is spoken to by one HTTP request a push.
class HttpSink : public Sink {
 public:
  explicit HttpSink(HttpEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  std::unique_ptr<Attempt> attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                   Done done) override;

 protected:
  /// The request for a push, `base()` begins its URL; or why the push cannot be put into one.
  virtual Result<HttpRequest> request(const Push& push) const = 0;
  /// What an answer means: by default what verdict_of() says.
  virtual AttemptResult judge(const HttpResponse& response) const;

  const std::string& base() const { return endpoint_.base; }
  const HttpEndpoint& endpoint() const { return endpoint_; }

 private:
  HttpEndpoint endpoint_;
};

/// What an answer means to whoever sent something (SPEC.md, "Delivery").
AttemptResult verdict_of(const HttpResponse& response);

/// A request without a body to `path` below the endpoint's base.
HttpClient::TransferHandle start_request(const HttpEndpoint& endpoint, std::string method,
                                         std::string_view path, EventLoop::Clock::time_point deadline,
                                         HttpClient::Done done, HttpClient::Consumer consumer = nullptr);

/// Has a large body go compressed.
void compress_if_large(HttpRequest& request);

}  // namespace pushmetrics
