#pragma once

#include "sinks/http_sink.hpp"

#include <chrono>
#include <map>
#include <string>

namespace pushmetrics {

/// Prometheus' Pushgateway, or what speaks its API (PROTOCOL.md, "Pushing").
class Pushgateway : public HttpSink {
 public:
  using HttpSink::HttpSink;
  Capabilities capabilities() const override { return {true, true, true, true}; }
  /// Where the connection is dropped instead of an answer, the gateway is asked whether it has rejected the push:
  /// Pushgateway 1.11.0 does so in place of answering 400 (PROTOCOL.md, hazard 9).
  std::unique_ptr<Attempt> attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                   Done done) override;
  std::unique_ptr<GroupStore> groups() override;
  std::unique_ptr<Attempt> explain_push_conflict(const Push& push, EventLoop::Clock::time_point deadline,
                                                 OnExplanation done) override;

 protected:
  Result<HttpRequest> request(const Push& push) const override;

 private:
  /// By the group's path: when each last failed, as far as the gateway was asked.
  std::map<std::string, std::chrono::system_clock::time_point> known_failures_;
};

}  // namespace pushmetrics
