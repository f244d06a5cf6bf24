#pragma once

#include "sinks/http_sink.hpp"

namespace pushmetrics {

/// Prometheus' remote write 1.0 (PROTOCOL.md, "Remote write 1.0"). It has series, no groups: nothing is
/// replaced, listed or deleted. What is not pushed again is seen for five minutes, then only by functions
/// over time (`last_over_time`).
class RemoteWrite : public HttpSink {
 public:
  using HttpSink::HttpSink;
  Capabilities capabilities() const override { return {}; }

 protected:
  Result<HttpRequest> request(const Push& push) const override;
  /// Any 2xx is a success (the protocol's specification); with words on why a sample comes too late.
  AttemptResult judge(const HttpResponse& response) const override;
};

}  // namespace pushmetrics
