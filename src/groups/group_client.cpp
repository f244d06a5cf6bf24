#include "groups/group_client.hpp"

#include "delivery/retry_loop.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

using Clock = EventLoop::Clock;

/// The result of a loop that ended at `deadline` at the latest, with what would help.
AttemptResult result_of(RetryResult ended, Clock::time_point deadline) {
  if (ended.last.kind == AttemptResult::Kind::retry && Clock::now() >= deadline)
    ended.last.reason += "; --push-timeout gives it longer";
  return std::move(ended.last);
}

std::string reason_with_hint(const AttemptResult& result) {
  return result.hint.empty() ? result.reason : concat({result.reason, "; ", result.hint});
}

/// The names by which a group is deleted: both possible ones if the gateway did not say which; only one of
/// them exists.
std::vector<GroupLabels> names_of(const GroupSnapshot& group) {
  if (group.name != GroupSnapshot::Name::perhaps_empty_instance) return {group.labels};
  return {group.labels, group.labels.with({"instance", ""})};
}

/// Deletes many groups, several in parallel.
class Removals {
 public:
  using OnRemoval = std::function<void(const Removal&)>;

  Removals(EventLoop& loop, const RetryPolicy& policy, GroupStore& store,
           const std::vector<GroupSnapshot>& groups, const OnRemoval& on_removal)
      : loop_(loop), policy_(policy), store_(store), groups_(groups), on_removal_(on_removal) {}

  void run() {
    for (Lane& lane : lanes_) begin_next(lane);
    loop_.run_until([this] {
      return std::ranges::none_of(lanes_, [](const Lane& lane) { return lane.group != nullptr; });
    });
    for (; next_ < groups_.size(); ++next_) on_removal_({&groups_[next_], Removal::Outcome::not_tried});
  }

 private:
  struct Lane {
    const GroupSnapshot* group = nullptr;
    std::vector<GroupLabels> names;
    std::unique_ptr<RetryLoop> retry_loop;
  };

  void begin_next(Lane& lane) {
    lane.group = nullptr;
    while (next_ < groups_.size() && !unreachable_) {
      const GroupSnapshot& group = groups_[next_++];
      if (group.name == GroupSnapshot::Name::unknown_bytes) {
        on_removal_({&group, Removal::Outcome::failed,
                     "it holds bytes that are not UTF-8, and the gateway does not say which"});
        continue;
      }
      lane.group = &group;
      lane.names = names_of(group);
      return remove_name(lane);
    }
    lane.retry_loop.reset();
  }

  void remove_name(Lane& lane) {
    const auto deadline = Clock::now() + policy_.push_timeout;
    lane.retry_loop = std::make_unique<RetryLoop>(
        loop_, policy_.retries, deadline,
        [this, labels = lane.names.back()](Clock::time_point until, const SharedPush&, Sink::Done done) {
          return store_.remove(labels, until, std::move(done));
        },
        [this, &lane, deadline](RetryResult ended) {
          on_verdict(lane, result_of(std::move(ended), deadline));
        });
  }

  void on_verdict(Lane& lane, const AttemptResult& verdict) {
    const bool failed = verdict.kind != AttemptResult::Kind::delivered;
    lane.names.pop_back();
    if (!failed && !lane.names.empty()) return remove_name(lane);
    if (verdict.kind == AttemptResult::Kind::retry) unreachable_ = true;
    on_removal_({lane.group, failed ? Removal::Outcome::failed : Removal::Outcome::deleted,
                 reason_with_hint(verdict)});
    begin_next(lane);
  }

  EventLoop& loop_;
  const RetryPolicy& policy_;
  GroupStore& store_;
  const std::vector<GroupSnapshot>& groups_;
  const OnRemoval& on_removal_;
  std::size_t next_ = 0;
  bool unreachable_ = false;
  /// Maximum number of parallel requests; more would not make a gateway faster.
  std::array<Lane, 8> lanes_;
};

Failure cannot(const GroupPlace& place) {
  return Failure{
      concat({place.target,
              " can neither show nor delete groups: only a Pushgateway and a textfile directory hold "
              "any, other targets keep series"})};
}

}  // namespace

GroupClient::GroupClient(const DeliveryOptions& options, const Console& console)
    : policy_(options.policy), http_(loop_) {
  std::vector<std::string> problems;
  constexpr int standard_output = 1;
  targets_ = make_targets(options, http_, standard_output, problems);
  for (const std::string& problem : problems) console.warn(problem);
  for (const Target& target : targets_) places_.push_back({target.name, target.sink->groups()});
}

AttemptResult GroupClient::try_until_done(const Try& once) {
  std::optional<AttemptResult> result;
  const auto deadline = Clock::now() + policy_.push_timeout;
  const auto attempt = [&once](Clock::time_point until, const SharedPush&, Sink::Done done) {
    return once(until, std::move(done));
  };
  RetryLoop retry_loop(loop_, policy_.retries, deadline, attempt,
                       [&](RetryResult ended) { result = result_of(std::move(ended), deadline); });
  loop_.run_until([&] { return result.has_value() || !waits_; });
  return result.value_or(AttemptResult{AttemptResult::Kind::retry, "ended by a signal"});
}

Result<Listing> GroupClient::list(const GroupPlace& place, const std::optional<std::string>& prefix) {
  if (!place.store) return cannot(place);
  Listing result;
  const AttemptResult verdict = try_until_done([&](Clock::time_point deadline, const Sink::Done& done) {
    return place.store->list({.prefix = prefix}, deadline, [&, done](AttemptResult outcome, Listing listing) {
      result = std::move(listing);
      done(std::move(outcome));
    });
  });
  if (verdict.kind == AttemptResult::Kind::delivered) return result;
  return Failure{concat({place.target, ": its groups could not be listed: ", verdict.reason}), verdict.hint};
}

void GroupClient::remove(const GroupPlace& place, const std::vector<GroupSnapshot>& groups,
                         const std::function<void(const Removal&)>& on_removal) {
  Removals(loop_, policy_, *place.store, groups, on_removal).run();
}

std::string GroupClient::wipe(const GroupPlace& place) {
  if (!place.store) return cannot(place).message;
  const AttemptResult verdict = try_until_done([&](Clock::time_point deadline, Sink::Done done) {
    return place.store->wipe(deadline, std::move(done));
  });
  if (verdict.kind == AttemptResult::Kind::delivered) return {};
  return concat({place.target, ": not wiped: ", reason_with_hint(verdict)});
}

}  // namespace pushmetrics
