#pragma once

#include "sinks/http_sink.hpp"

namespace pushmetrics {

/// VictoriaMetrics' import of the text format (PROTOCOL.md, "VictoriaMetrics"). The group is sent as
/// extra_label arguments, which every version supports; the path /metrics/job/... needs 1.84. It has no
/// groups, so nothing is replaced, listed or deleted. Since any method imports, only pushes are sent.
class VictoriaMetrics : public HttpSink {
 public:
  using HttpSink::HttpSink;
  Capabilities capabilities() const override { return {}; }

 protected:
  Result<HttpRequest> request(const Push& push) const override;
};

}  // namespace pushmetrics
