#include "sinks/remote_write.hpp"

#include "encoding/write_request.hpp"
#include "support/text.hpp"

#include <snappy-c.h>

namespace pushmetrics {
namespace {

constexpr int unsupported_media_type = 415;

/// In snappy's block format. Fails only if it is too large.
Result<std::string> snappy(const std::string& message) {
  std::size_t size = ::snappy_max_compressed_length(message.size());
  std::string packed(size, '\0');
  if (::snappy_compress(message.data(), message.size(), packed.data(), &size) != SNAPPY_OK)
    return Failure{"it cannot be compressed"};
  packed.resize(size);
  return packed;
}

/// The wording of Prometheus, Mimir and Thanos, approximately.
bool comes_too_late(const HttpResponse& response) {
  if (response.status != 400 && response.status != 409) return false;
  const std::string words = lower_case(response.body);
  for (const std::string_view sign : {"out of order", "out-of-order", "out of bounds", "too old",
                                      "too far in the past", "duplicate sample"})
    if (words.find(sign) != std::string::npos) return true;
  return false;
}

}  // namespace

Result<HttpRequest> RemoteWrite::request(std::span<const Family> families, const Push& push) const {
  const bool is_two = version_ == RemoteWriteVersion::two;
  auto body = snappy(is_two ? write_request_2(families, push.when) : write_request(families, push.when));
  if (!body) return Failure{body.error()};
  HttpRequest request;
  request.method = "POST";
  request.url = base();
  request.headers.emplace_back("Content-Encoding: snappy");
  if (is_two) {
    request.headers.emplace_back("Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request");
    request.headers.emplace_back("X-Prometheus-Remote-Write-Version: 2.0.0");
  } else {
    request.headers.emplace_back("Content-Type: application/x-protobuf");
    request.headers.emplace_back("X-Prometheus-Remote-Write-Version: 0.1.0");
  }
  request.body = std::move(*body);
  return request;
}

/// A server that knows 1.0 alone may answer 200 all the same, and have taken the body for an empty request of 1.0.
bool RemoteWrite::adapt_to(const HttpResponse& response) {
  if (version_ == RemoteWriteVersion::one || response.failure != HttpResponse::Failure::none) return false;
  const bool is_silent = response.status / 100 == 2 && response.samples_written.empty();
  if (response.status != unsupported_media_type && !is_silent) return false;
  version_ = RemoteWriteVersion::one;
  return true;
}

AttemptResult RemoteWrite::judge(const HttpResponse& response) const {
  AttemptResult verdict = verdict_of(response, SuccessStatus::any_2xx);
  if (response.status == unsupported_media_type)
    verdict.reason +=
        "; it takes remote write 2.0 only: push to remote-write2+URL, or allow 1.0 (Prometheus: "
        "--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest)";
  if (comes_too_late(response))
    verdict.reason +=
        "; it comes too late: the server has a newer sample of these series, or takes none of that age "
        "(Prometheus: storage.tsdb.out_of_order_time_window)";
  return verdict;
}

}  // namespace pushmetrics
