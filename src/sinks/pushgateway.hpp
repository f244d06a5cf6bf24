#pragma once

#include "sinks/http_sink.hpp"

namespace pushmetrics {

/// Prometheus' Pushgateway, or what speaks its API (PROTOCOL.md, "Pushing").
class Pushgateway : public HttpSink {
 public:
  using HttpSink::HttpSink;
  Capabilities capabilities() const override { return {true, true, true, true}; }
  std::unique_ptr<GroupStore> groups() override;
  std::unique_ptr<Attempt> explain_push_conflict(const Push& push, EventLoop::Clock::time_point deadline,
                                                 OnExplanation done) override;

 protected:
  Result<HttpRequest> request(const Push& push) const override;
};

}  // namespace pushmetrics
