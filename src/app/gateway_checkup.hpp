#pragma once

#include "app/findings.hpp"
#include "delivery/http_sink.hpp"
#include "delivery/target.hpp"
#include "support/duration.hpp"
#include "support/event_loop.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// Requests to one server, each waited for, for `budget` at most.
class Conversation {
 public:
  Conversation(HttpEndpoint endpoint, EventLoop& loop, Duration budget);

  HttpResponse ask(std::string method, std::string_view path, std::string body,
                   HttpClient::Consumer consumer = nullptr);

  const HttpEndpoint& endpoint() const { return endpoint_; }
  EventLoop& loop() { return loop_; }
  Duration budget() const { return budget_; }

 private:
  HttpEndpoint endpoint_;
  EventLoop& loop_;
  Duration budget_;
};

/// Examines a Pushgateway that answered `status` to GET /api/v1/status: version, flags, API, what it holds,
/// and whether it would take a push.
void check_gateway(const TargetUrl& url, Conversation& talk, const HttpResponse& status, Section& section);

}  // namespace pushmetrics
