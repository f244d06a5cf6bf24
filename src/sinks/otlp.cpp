#include "sinks/otlp.hpp"

#include "encoding/otlp_answer.hpp"
#include "encoding/otlp_batch.hpp"
#include "encoding/pushed_families.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::string_view metrics_path = "/v1/metrics";

/// Empty counts as unset (OpenTelemetry specification, "Environment variables").
std::string variable(std::string_view name) {
  const char* const value = std::getenv(concat({"OTEL_EXPORTER_OTLP_", name}).c_str());
  return value == nullptr ? "" : std::string(trim(value));
}

/// The one for metrics, else the one for all signals.
std::string metrics_variable(std::string_view name) {
  std::string value = variable(concat({"METRICS_", name}));
  return value.empty() ? variable(name) : value;
}

/// `a=b,c=d`, values percent-encoded, as in W3C Baggage.
void parse_headers(std::string_view text, OtlpEnvironment& environment) {
  std::size_t number = 0;
  for (const std::string_view part : split(text, ",")) {
    ++number;
    const std::size_t equals = std::min(part.find('='), part.size());
    std::string header = concat({trim(part.substr(0, equals)), ": ",
                                 percent_decoded(trim(part.substr(std::min(equals + 1, part.size()))))});
    if (equals != part.size() && is_header(header))
      environment.headers.push_back(std::move(header));
    else if (environment.headers_problem.empty())  // not quoted: it may hold a secret
      environment.headers_problem =
          concat({"OTEL_EXPORTER_OTLP_HEADERS: element ", std::to_string(number),
                  " is left out: write NAME=VALUE,NAME=VALUE without quotes, and percent-encode the values"});
  }
}

}  // namespace

OtlpEncoding otlp_encoding() {
  return metrics_variable("PROTOCOL") == "http/json" ? OtlpEncoding::json : OtlpEncoding::protobuf;
}

std::string Otlp::problem_of(SampleReader& samples) const {
  return gauge_histogram_problem(samples.gauge_histogram());
}

Result<HttpRequest> Otlp::request(std::span<const Family> families, const Push& push) const {
  const bool is_json = encoding_ == OtlpEncoding::json;
  const OtlpBatch batch = otlp_batch(families, push.group, push.when);
  HttpRequest request;
  request.method = "POST";
  request.url = base();
  request.headers = {is_json ? "Content-Type: application/json" : "Content-Type: application/x-protobuf"};
  request.body = is_json ? otlp_json(batch) : otlp_protobuf(batch);
  compress_if_large(request);
  return request;
}

AttemptResult Otlp::judge(const HttpResponse& response) const {
  AttemptResult verdict = verdict_of(response);
  if (verdict.kind == AttemptResult::Kind::delivered) {
    const OtlpAnswer answer = read_otlp_answer(response.body);
    verdict.reason = answer.message;
    if (answer.rejected_points <= 0) return verdict;
    verdict.kind = AttemptResult::Kind::rejected;
    verdict.reason = concat({"the server rejected ", std::to_string(answer.rejected_points), " of the points",
                             answer.message.empty() ? "" : ": ", answer.message});
    return verdict;
  }
  if (const std::string words = read_otlp_error(response.body); response.status != 0 && !words.empty())
    verdict.reason = concat({"the server answered ", std::to_string(response.status), ": ", words});
  constexpr std::array retryable{429, 502, 503, 504};
  const bool may_retry =
      response.status == 0 || std::ranges::find(retryable, response.status) != retryable.end();
  if (verdict.kind == AttemptResult::Kind::retry && !may_retry) verdict.kind = AttemptResult::Kind::rejected;
  return verdict;
}

OtlpEnvironment otlp_environment() {
  OtlpEnvironment environment;
  environment.url = variable("METRICS_ENDPOINT");
  if (environment.url.empty()) {
    environment.url = variable("ENDPOINT");
    const bool is_set = !environment.url.empty();
    if (!is_set) environment.url = "http://localhost:4318";
    while (environment.url.ends_with('/')) environment.url.pop_back();
    environment.url += metrics_path;
    if (is_set && metrics_variable("PROTOCOL") == "grpc")
      environment.problem =
          "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, which is not spoken here: give the collector's HTTP port in "
          "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT (http://HOST:4318/v1/metrics)";
  }
  parse_headers(metrics_variable("HEADERS"), environment);
  environment.ca_certificates = metrics_variable("CERTIFICATE");
  environment.certificate = metrics_variable("CLIENT_CERTIFICATE");
  environment.key = metrics_variable("CLIENT_KEY");
  return environment;
}

}  // namespace pushmetrics
