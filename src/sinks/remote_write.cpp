#include "sinks/remote_write.hpp"

#include "sinks/pushed_families.hpp"
#include "sinks/write_request.hpp"
#include "support/text.hpp"

#include <snappy-c.h>

namespace pushmetrics {
namespace {

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

Result<HttpRequest> RemoteWrite::request(const Push& push) const {
  const auto families = pushed_families(push);
  if (!families) return Failure{families.error()};
  auto body = snappy(write_request(*families, push.when));
  if (!body) return Failure{body.error()};
  HttpRequest request;
  request.method = "POST";
  request.url = base();
  request.headers = {"Content-Type: application/x-protobuf", "Content-Encoding: snappy",
                     "X-Prometheus-Remote-Write-Version: 0.1.0"};
  request.body = std::move(*body);
  return request;
}

AttemptResult RemoteWrite::judge(const HttpResponse& response) const {
  if (response.failure == HttpResponse::Failure::none && response.status / 100 == 2)
    return {.status = response.status};
  AttemptResult verdict = verdict_of(response);
  if (comes_too_late(response))
    verdict.reason +=
        "; it comes too late: the server has a newer sample of these series, or takes none of that age "
        "(Prometheus: storage.tsdb.out_of_order_time_window)";
  return verdict;
}

}  // namespace pushmetrics
