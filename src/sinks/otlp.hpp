#pragma once

#include "sinks/batch_sink.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pushmetrics {

enum class OtlpEncoding { protobuf, json };

/// OTLP/HTTP (PROTOCOL.md, "OTLP/HTTP"). It has series, no groups: nothing is replaced, listed or deleted.
class Otlp : public BatchSink {
 public:
  Otlp(HttpEndpoint endpoint, OtlpEncoding encoding) : BatchSink(std::move(endpoint)), encoding_(encoding) {}
  Capabilities capabilities() const override { return {}; }

 protected:
  SampleReader::Points points() const override { return SampleReader::Points::whole; }
  std::string problem_of(SampleReader& samples) const override;
  Result<HttpRequest> request(std::span<const Family> families, const Push& push) const override;
  /// 200 may still mean that points were rejected; and what is no 429, 502, 503 or 504 must not be tried
  /// again.
  AttemptResult judge(const HttpResponse& response) const override;

 private:
  OtlpEncoding encoding_;
};

/// JSON if OTEL_EXPORTER_OTLP_METRICS_PROTOCOL, or else OTEL_EXPORTER_OTLP_PROTOCOL, is `http/json`.
OtlpEncoding otlp_encoding();

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
