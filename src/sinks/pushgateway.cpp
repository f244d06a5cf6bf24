#include "sinks/pushgateway.hpp"

#include "pushgateway/group_list_parser.hpp"
#include "pushgateway/push_conflict.hpp"
#include "sinks/address_hint.hpp"
#include "sinks/gateway_groups.hpp"
#include "support/text.hpp"

#include <map>
#include <set>
#include <utility>

namespace pushmetrics {

std::unique_ptr<GroupStore> Pushgateway::groups() { return std::make_unique<GatewayGroups>(endpoint()); }

namespace {

using WallTime = std::chrono::system_clock::time_point;

/// Whether the connection was there, and then no answer came: from the gateway, or from it to a proxy before it.
bool is_dropped(const HttpResponse& response) {
  constexpr int bad_gateway = 502;
  if (response.status == bad_gateway) return true;
  return response.status == 0 && response.is_connected &&
         response.failure == HttpResponse::Failure::unreachable;
}

/// Pushes, and perhaps asks for the result.
class GatewayPush : public Attempt {
 public:
  GatewayPush(const HttpEndpoint& endpoint, HttpRequest request, const Push& push,
              EventLoop::Clock::time_point deadline, std::map<std::string, WallTime>& known_failures,
              Sink::Done done)
      : endpoint_(endpoint),
        push_(push),
        deadline_(deadline),
        known_failures_(known_failures),
        done_(std::move(done)),
        list_(GroupQuery::single("job_", GroupLabels(push.group))) {
    transfer_ = endpoint_.client->start(std::move(request), endpoint_.options, deadline_,
                                        [this](const HttpResponse& response) { on_answer(response); });
  }

 private:
  void on_answer(const HttpResponse& response) {
    result_ = with_address_hint(verdict_of(response), endpoint_, response);
    if (!is_dropped(response)) return finish();
    transfer_ = start_request(
        endpoint_, "GET", "/api/v1/metrics", deadline_,
        [this](const HttpResponse& answer) { on_list(answer); },
        [this](std::string_view piece) {
          if (!answered_) answered_ = EventLoop::Clock::now();
          return list_.take(piece) && list_.read_so_far().empty();
        });
  }

  /// Measured on the gateway's clock, which it gives in whole seconds, rounded down: the push began after
  /// `began`, or up to a second later. A failure that was known before is an older one all the same.
  void on_list(const HttpResponse& response) {
    const auto& groups = list_.read_so_far();
    if (response.status != 200 || groups.empty() || !groups.front().last_failed_push) return finish();
    const WallTime failed = *groups.front().last_failed_push;
    const WallTime now = response.server_time.value_or(std::chrono::system_clock::now());
    const auto took = answered_.value_or(EventLoop::Clock::now()) - began_;
    const WallTime began = now - std::chrono::duration_cast<WallTime::duration>(took);
    const auto [known, is_new] = known_failures_.try_emplace(push_.group.url_path(), failed);
    if (failed >= began && (is_new || failed > known->second)) {
      result_ = {
          AttemptResult::Kind::rejected,
          "the gateway rejected it as inconsistent and dropped the connection, as Pushgateway 1.11.0 does "
          "instead of answering 400; 1.11.1 answers",
          std::nullopt, 400};
    }
    known->second = failed;
    finish();
  }

  void finish() {
    const auto done = std::move(done_);
    done(std::move(result_));  // which may destroy this
  }

  const HttpEndpoint& endpoint_;
  const Push& push_;
  EventLoop::Clock::time_point deadline_;
  std::map<std::string, WallTime>& known_failures_;
  Sink::Done done_;
  EventLoop::Clock::time_point began_ = EventLoop::Clock::now();
  /// When the list began to come, which is when the gateway gave the time.
  std::optional<EventLoop::Clock::time_point> answered_;
  AttemptResult result_;
  GroupListParser list_;
  HttpClient::TransferHandle transfer_;
};

/// Lists the groups; only if none is in the way, the gateway's own metrics, too.
class ConflictInquiry : public Attempt {
 public:
  ConflictInquiry(const HttpEndpoint& endpoint, const Push& push, EventLoop::Clock::time_point deadline,
                  Sink::OnExplanation done)
      : endpoint_(endpoint),
        conflicts_(push),
        deadline_(deadline),
        done_(std::move(done)),
        groups_(endpoint) {
    const auto keep = [this](const GroupSnapshot& group) { return note(group); };
    list_ = groups_.list(GroupQuery::some("job_", keep), deadline,
                         [this](const AttemptResult& verdict, const Listing& listing) {
                           if (verdict.kind != AttemptResult::Kind::delivered) return done_({});
                           std::string found = conflicts_.explain(listing.groups, endpoint_.base);
                           if (!found.empty()) return done_(std::move(found));
                           ask_for_own();
                         });
  }

 private:
  /// Whether the group may explain the rejection.
  bool note(const GroupSnapshot& group) {
    for (const FamilySnapshot& family : group.held)
      if (conflicts_.concern(family.name)) pushed_.insert(family.name);
    return conflicts_.concern(group);
  }

  void ask_for_own() {
    own_ = start_request(
        endpoint_, "GET", "/metrics", deadline_,
        [this](const HttpResponse& response) {
          const bool whole = response.status == 200 && response.failure == HttpResponse::Failure::none;
          done_(whole ? conflicts_.explain(own_types()) : std::string());
        },
        [this](std::string_view piece) {
          types_.take(piece);
          return true;
        });
  }

  /// Metrics of the gateway itself.
  Types own_types() const {
    Types types = types_.types();
    std::erase_if(types, [this](const auto& entry) { return pushed_.contains(entry.first); });
    return types;
  }

  HttpEndpoint endpoint_;
  PushConflicts conflicts_;
  EventLoop::Clock::time_point deadline_;
  Sink::OnExplanation done_;
  GatewayGroups groups_;
  std::unique_ptr<Attempt> list_;
  HttpClient::TransferHandle own_;
  TypeLines types_{conflicts_};
  std::set<std::string> pushed_;
};

}  // namespace

std::unique_ptr<Attempt> Pushgateway::attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                              Done done) {
  auto made = request(push);
  if (!made) {
    done({AttemptResult::Kind::rejected, made.error()});
    return nullptr;
  }
  made->unix_socket = endpoint().unix_socket;
  return std::make_unique<GatewayPush>(endpoint(), std::move(*made), push, deadline, known_failures_,
                                       std::move(done));
}

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
