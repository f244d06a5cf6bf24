#pragma once

#include "sinks/http_sink.hpp"

namespace pushmetrics {

/// VictoriaMetrics' import of the text format (PROTOCOL.md, "VictoriaMetrics"). The group goes into
/// extra_label arguments, which every version understands; the path /metrics/job/... only those from 1.84 on.
/// It has no groups, so nothing is replaced, listed or deleted; and as any method imports, nothing else is
/// ever sent.
class VictoriaMetrics : public HttpSink {
 public:
  using HttpSink::HttpSink;
  Capabilities capabilities() const override { return {}; }

 protected:
  Result<HttpRequest> request(const Push& push) const override;
};

}  // namespace pushmetrics
