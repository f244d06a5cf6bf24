#include "sinks/pushgateway.hpp"

#include "pushgateway/push_conflict.hpp"
#include "sinks/gateway_groups.hpp"
#include "support/text.hpp"

#include <map>
#include <set>
#include <utility>

namespace pushmetrics {

std::unique_ptr<GroupStore> Pushgateway::groups() { return std::make_unique<GatewayGroups>(endpoint()); }

namespace {

/// Lists the groups; only if none is in the way, the gateway's own metrics, too.
class ConflictInquiry : public Attempt {
 public:
  ConflictInquiry(const HttpEndpoint& endpoint, const Push& push, EventLoop::Clock::time_point deadline,
                  Sink::OnExplanation done)
      : endpoint_(endpoint), push_(push), deadline_(deadline), done_(std::move(done)), groups_(endpoint) {
    list_ = groups_.list("job_", deadline, [this](const AttemptResult& verdict, const Listing& listing) {
      if (verdict.kind != AttemptResult::Kind::delivered) return done_({});
      std::string found = explain_push_conflict(push_, listing.groups, endpoint_.base);
      if (!found.empty()) return done_(std::move(found));
      for (const GroupSnapshot& group : listing.groups)
        for (const FamilySnapshot& family : group.held) pushed_.insert(family.name);
      ask_for_own();
    });
  }

 private:
  void ask_for_own() {
    own_ = start_request(
        endpoint_, "GET", "/metrics", deadline_,
        [this](const HttpResponse& response) {
          const bool whole = response.status == 200 && response.failure == HttpResponse::Failure::none;
          done_(whole ? explain_gateway_conflict(push_, own_types()) : std::string());
        },
        [this](std::string_view piece) {
          types_.take(piece);
          return true;
        });
  }

  /// Those that nobody pushed.
  Types own_types() const {
    Types types = types_.types();
    std::erase_if(types, [this](const auto& entry) { return pushed_.contains(entry.first); });
    return types;
  }

  HttpEndpoint endpoint_;
  const Push& push_;
  EventLoop::Clock::time_point deadline_;
  Sink::OnExplanation done_;
  GatewayGroups groups_;
  std::unique_ptr<Attempt> list_;
  HttpClient::TransferHandle own_;
  TypeLines types_;
  std::set<std::string> pushed_;
};

}  // namespace

std::unique_ptr<Attempt> Pushgateway::explain_push_conflict(const Push& push,
                                                            EventLoop::Clock::time_point deadline,
                                                            OnExplanation done) {
  return std::make_unique<ConflictInquiry>(endpoint(), push, deadline, std::move(done));
}

Result<HttpRequest> Pushgateway::request(const Push& push) const {
  HttpRequest request;
  request.method = push.mode == PushMode::replace ? "PUT" : "POST";
  request.url = concat({base(), push.group.url_path()});
  request.headers = {"Content-Type: text/plain; version=0.0.4"};
  request.borrowed_body = push.body;
  compress_if_large(request);
  return request;
}

}  // namespace pushmetrics
