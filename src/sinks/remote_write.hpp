#pragma once

#include "sinks/http_sink.hpp"

namespace pushmetrics {

/// Prometheus remote write 1.0 (PROTOCOL.md, "Remote write 1.0"). It has series, no groups: nothing is
/// replaced, listed or deleted. A series that is not pushed again is visible for five minutes, then only to
/// functions over time (`last_over_time`).
class RemoteWrite : public HttpSink {
 public:
  using HttpSink::HttpSink;
  Capabilities capabilities() const override { return {}; }

 protected:
  Result<HttpRequest> request(const Push& push) const override;
  /// Any 2xx is a success, as specified; explains why a sample was rejected as too old.
  AttemptResult judge(const HttpResponse& response) const override;
};

}  // namespace pushmetrics
