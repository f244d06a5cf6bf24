#include "sinks/gateway_groups.hpp"

#include "pushgateway/gather_error.hpp"
#include "pushgateway/group_list_parser.hpp"
#include "sinks/address_hint.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

using Time = EventLoop::Clock::time_point;

class Request : public Attempt {
 public:
  HttpClient::TransferHandle transfer;
};

/// The server's clock; ours if they agree, since the server's has whole seconds only.
std::chrono::system_clock::time_point clock_of(const HttpResponse& response) {
  constexpr std::chrono::seconds tolerance(2);
  const auto here = std::chrono::system_clock::now();
  const bool agrees = !response.server_time ||
                      (here > *response.server_time - tolerance && here < *response.server_time + tolerance);
  return agrees ? here : *response.server_time;
}

/// Reads the list, and then the gather errors if needed.
class ListAttempt : public Attempt {
 public:
  ListAttempt(const HttpEndpoint& endpoint, GroupQuery query, Time deadline, GroupStore::OnListing done)
      : endpoint_(endpoint), deadline_(deadline), done_(std::move(done)), answer_(std::move(query)) {
    transfer_ = start_request(
        endpoint_, "GET", "/api/v1/metrics", deadline_,
        [this](const HttpResponse& response) { on_list(response); },
        [this](std::string_view piece) { return answer_.take(piece) && !answer_.has_single(); });
  }

 private:
  void on_list(const HttpResponse& response) {
    listing_.now = clock_of(response);
    const bool answered = response.status == 200;
    if (answered && answer_.has_single()) {
      listing_.groups = answer_.read_so_far();
      return finish({});
    }
    if (!answered || response.failure == HttpResponse::Failure::unreachable ||
        response.failure == HttpResponse::Failure::timeout)
      return finish(with_address_hint(verdict_of(response), endpoint_, response));
    auto groups = answer_.finish();
    if (!groups) return finish(no_list(groups.error(), response));
    if (response.failure != HttpResponse::Failure::none) return finish(verdict_of(response));
    listing_.groups = std::move(*groups);
    const bool is_complete = std::ranges::none_of(listing_.groups, [](const GroupSnapshot& group) {
      return group.name == GroupSnapshot::Name::unknown_bytes;
    });
    if (is_complete) return finish({});
    transfer_ = start_request(
        endpoint_, "GET", "/metrics", deadline_,
        [this](const HttpResponse& complaint) { on_complaint(complaint); },
        [](std::string_view) { return false; });
  }

  AttemptResult no_list(const std::string& problem, const HttpResponse& response) const {
    AttemptResult result{AttemptResult::Kind::rejected, problem, {}, response.status};
    if (lower_case(response.content_type).find("json") != std::string::npos) return result;
    result.id = "no-receiver";
    return with_address_hint(std::move(result), endpoint_, response);
  }

  void on_complaint(const HttpResponse& response) {
    settle_unknown_bytes(listing_.groups, read_gather_errors(response.body));
    // A gateway without gather errors really holds those characters.
    if (response.status == 200)
      for (GroupSnapshot& group : listing_.groups)
        if (group.name == GroupSnapshot::Name::unknown_bytes) group.name = GroupSnapshot::Name::exact;
    finish({});
  }

  void finish(AttemptResult verdict) {
    if (verdict.kind != AttemptResult::Kind::delivered) listing_.groups.clear();
    const auto done = std::move(done_);
    done(std::move(verdict), std::move(listing_));  // may destroy this
  }

  const HttpEndpoint& endpoint_;
  Time deadline_;
  GroupStore::OnListing done_;
  GroupListParser answer_;
  Listing listing_;
  HttpClient::TransferHandle transfer_;
};

std::unique_ptr<Attempt> request(const HttpEndpoint& endpoint, std::string method, std::string_view path,
                                 Time deadline, std::function<void(const HttpResponse&)> done) {
  auto attempt = std::make_unique<Request>();
  attempt->transfer = start_request(endpoint, std::move(method), path, deadline, std::move(done), nullptr);
  return attempt;
}

}  // namespace

std::unique_ptr<Attempt> GatewayGroups::list(GroupQuery query, Time deadline, OnListing done) {
  return std::make_unique<ListAttempt>(endpoint_, std::move(query), deadline, std::move(done));
}

std::unique_ptr<Attempt> GatewayGroups::remove(const GroupLabels& labels, Time deadline, Done done) {
  return request(endpoint_, "DELETE", labels.url_path(), deadline,
                 [this, done = std::move(done)](const HttpResponse& response) {
                   done(with_address_hint(verdict_of(response), endpoint_, response));
                 });
}

std::unique_ptr<Attempt> GatewayGroups::wipe(Time deadline, Done done) {
  return request(endpoint_, "PUT", "/api/v1/admin/wipe", deadline,
                 [this, done = std::move(done)](const HttpResponse& response) {
                   AttemptResult verdict = with_address_hint(verdict_of(response), endpoint_, response);
                   if (response.status == 404) verdict.hint.clear();
                   if (response.status == 404)
                     verdict.reason =
                         "its admin API is off (404): start the Pushgateway with --web.enable-admin-api, or "
                         "delete by pattern: pushmetrics delete --match 'job=*' --yes";
                   done(std::move(verdict));
                 });
}

}  // namespace pushmetrics
