#pragma once

#include "delivery/target.hpp"
#include "doctor/check_report.hpp"
#include "sinks/http_sink.hpp"
#include "support/duration.hpp"
#include "support/event_loop.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// Requests to one server, each waited for, for `budget` at most.
class HttpProbe {
 public:
  HttpProbe(HttpEndpoint endpoint, EventLoop& loop, Duration budget);

  HttpResponse ask(std::string method, std::string_view path, std::string body,
                   HttpClient::Consumer consumer = nullptr);

  /// What an answer means, with the URL that may be meant instead.
  AttemptResult judge(const HttpResponse& answer) const;

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
void check_gateway(const TargetUrl& url, HttpProbe& talk, const HttpResponse& status, CheckReport& section);

}  // namespace pushmetrics
