// What servers answer to a push. An input's first byte chooses the status, the rest of its first line is the
// answer's Retry-After and Location, and all else its body.
#include "delivery/retry_policy.hpp"
#include "encoding/otlp_answer.hpp"
#include "fuzz.hpp"
#include "http/http_status.hpp"
#include "pushgateway/push_conflict.hpp"
#include "sinks/otlp.hpp"
#include "sinks/remote_write.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>

using namespace pushmetrics;

namespace {

template <typename Protocol>
struct Opened : Protocol {
  template <typename Form>
  explicit Opened(Form form) : Protocol(HttpEndpoint{nullptr, "http://server", "", {}}, form) {}
  using Protocol::judge;
};

void require_sound(const AttemptResult& verdict, const HttpResponse& response) {
  const bool is_success = response.status >= 200 && response.status < 300;
  fuzz::require(fuzz::is_one_line(verdict.reason), "a reason is one line");
  fuzz::require(verdict.status == response.status, "a verdict tells the status");
  fuzz::require(verdict.kind == AttemptResult::Kind::delivered || !verdict.reason.empty(),
                "a failure has a reason");
  fuzz::require(verdict.kind != AttemptResult::Kind::delivered || is_success, "only a success delivers");
  fuzz::require(!verdict.retry_after || is_retryable_status(response.status), "a wait is for a retry");
}

Types types_in(std::string_view text, std::size_t piece) {
  const Push push{*GroupingKey::make("job"), PushMode::add, "# TYPE x histogram\nx_count 1\n", {}};
  const PushConflicts conflicts(push);
  TypeLines lines(conflicts);
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) lines.take(text.substr(0, piece));
  return lines.types();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Opened<Otlp> otlp(OtlpEncoding::protobuf);
  static const Opened<RemoteWrite> remote_write(RemoteWriteVersion::one);
  constexpr std::array statuses{100, 200, 202, 204, 206, 301, 400, 401, 404, 408,
                                409, 411, 413, 422, 429, 500, 502, 503, 504};
  std::string_view text = fuzz::text(data, size);
  if (text.empty()) return 0;
  HttpResponse response;
  response.status = statuses.at(static_cast<unsigned char>(text.front()) % statuses.size());
  text.remove_prefix(1);
  const std::size_t end = std::min(text.find('\n'), text.size());
  response.retry_after = text.substr(0, end);
  if (response.status == 301) response.location = text.substr(0, end);
  response.body = text.substr(std::min(end + 1, text.size()));

  require_sound(verdict_of(response), response);
  require_sound(remote_write.judge(response), response);
  const AttemptResult verdict = otlp.judge(response);
  require_sound(verdict, response);
  const OtlpAnswer answer = read_otlp_answer(response.body);
  fuzz::require(fuzz::is_one_line(answer.message) && fuzz::is_one_line(read_otlp_error(response.body)),
                "words are one line");
  fuzz::require(answer.rejected_points >= 0, "no fewer than none are rejected");
  fuzz::require(verdict.kind != AttemptResult::Kind::delivered || answer.rejected_points == 0,
                "what was rejected is not delivered");
  fuzz::require(types_in(response.body, 3) == types_in(response.body, response.body.size() + 1),
                "pieces do not matter");
  return 0;
}
