#pragma once

#include "sinks/http_sink.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// OTLP/HTTP with JSON (PROTOCOL.md, "OTLP/HTTP with JSON"). It has series, no groups: nothing is replaced,
/// listed or deleted.
class Otlp : public HttpSink {
 public:
  using HttpSink::HttpSink;
  Capabilities capabilities() const override { return {}; }

 protected:
  Result<HttpRequest> request(const Push& push) const override;
  /// 200 may still mean that points were rejected; and what is no 429, 502, 503 or 504 must not be tried
  /// again.
  AttemptResult judge(const HttpResponse& response) const override;
};

/// What OpenTelemetry's environment variables say of where metrics go: OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS,
/// _CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY, and their _METRICS_ forms, which count more.
struct OtlpEnvironment {
  /// The whole URL, `/v1/metrics` included, perhaps with user and password; not examined.
  std::string url;
  /// Each as is_header has it.
  std::vector<std::string> headers;
  /// What was left out of OTEL_EXPORTER_OTLP_HEADERS, and why; empty: nothing.
  std::string headers_problem;
  std::string ca_certificates, certificate, key;
  /// Why it cannot be used; empty: nothing.
  std::string problem;
};

OtlpEnvironment otlp_environment();

}  // namespace pushmetrics
