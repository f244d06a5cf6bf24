#include "app/group_session.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <utility>

namespace pushmetrics {
namespace {

using Clock = EventLoop::Clock;

/// Something that is tried until it is done, refused, or out of time or retries.
class Endeavour {
 public:
  using Try = std::function<std::unique_ptr<Attempt>(Clock::time_point, Sink::Done)>;

  Endeavour(EventLoop& loop, const DeliveryPolicy& policy, Try once, Sink::Done done)
      : loop_(loop),
        retries_left_(policy.retries),
        deadline_(Clock::now() + policy.push_timeout),
        once_(std::move(once)),
        done_(std::move(done)) {
    attempt();
  }
  ~Endeavour() { loop_.cancel(timer_); }
  Endeavour(const Endeavour&) = delete;
  Endeavour& operator=(const Endeavour&) = delete;

 private:
  void attempt() {
    attempt_ = once_(deadline_, [this](Verdict verdict) {
      // Not at once: whoever calls is about to be destroyed.
      timer_ = loop_.call_at(Clock::now(), [this, verdict = std::move(verdict)] { judge(verdict); });
    });
  }

  void judge(Verdict verdict) {
    attempt_.reset();
    const Duration wait =
        std::max(backoff(++tries_, random_), verdict.retry_after.value_or(Duration::zero()));
    const bool again =
        verdict.kind == Verdict::Kind::retry && retries_left_-- > 0 && Clock::now() + wait < deadline_;
    if (!again) {
      if (verdict.kind == Verdict::Kind::retry && Clock::now() >= deadline_)
        verdict.reason += "; --push-timeout gives it longer";
      return std::exchange(done_, nullptr)(std::move(verdict));  // which may destroy this
    }
    timer_ = loop_.call_at(Clock::now() + wait, [this] { attempt(); });
  }

  EventLoop& loop_;
  int retries_left_;
  int tries_ = 0;
  Clock::time_point deadline_;
  Try once_;
  Sink::Done done_;
  std::mt19937 random_{std::random_device{}()};
  std::unique_ptr<Attempt> attempt_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
};

/// The names by which a group is deleted: both that it may have, where the gateway did not say which; only
/// one of them is there.
std::vector<GroupLabels> names_of(const HeldGroup& group) {
  if (group.name != HeldGroup::Name::perhaps_empty_instance) return {group.labels};
  return {group.labels, group.labels.with({"instance", ""})};
}

/// Deletes many groups, several at a time.
class Removals {
 public:
  using OnRemoval = std::function<void(const Removal&)>;

  Removals(EventLoop& loop, const DeliveryPolicy& policy, GroupStore& store,
           const std::vector<HeldGroup>& groups, const OnRemoval& on_removal)
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
    const HeldGroup* group = nullptr;
    std::vector<GroupLabels> names;
    std::unique_ptr<Endeavour> endeavour;
  };

  void begin_next(Lane& lane) {
    lane.group = nullptr;
    while (next_ < groups_.size() && !unreachable_) {
      const HeldGroup& group = groups_[next_++];
      if (group.name == HeldGroup::Name::unknown_bytes) {
        on_removal_({&group, Removal::Outcome::failed,
                     "it holds bytes that are not UTF-8, and the gateway does not tell which"});
        continue;
      }
      lane.group = &group;
      lane.names = names_of(group);
      return remove_name(lane);
    }
    lane.endeavour.reset();
  }

  void remove_name(Lane& lane) {
    lane.endeavour = std::make_unique<Endeavour>(
        loop_, policy_,
        [this, labels = lane.names.back()](Clock::time_point deadline, Sink::Done done) {
          return store_.remove(labels, deadline, std::move(done));
        },
        [this, &lane](const Verdict& verdict) { on_verdict(lane, verdict); });
  }

  void on_verdict(Lane& lane, const Verdict& verdict) {
    const bool failed = verdict.kind != Verdict::Kind::delivered;
    lane.names.pop_back();
    if (!failed && !lane.names.empty()) return remove_name(lane);
    if (verdict.kind == Verdict::Kind::retry) unreachable_ = true;
    on_removal_({lane.group, failed ? Removal::Outcome::failed : Removal::Outcome::deleted, verdict.reason});
    begin_next(lane);
  }

  EventLoop& loop_;
  const DeliveryPolicy& policy_;
  GroupStore& store_;
  const std::vector<HeldGroup>& groups_;
  const OnRemoval& on_removal_;
  std::size_t next_ = 0;
  bool unreachable_ = false;
  /// As many requests under way; more do not make a gateway faster.
  std::array<Lane, 8> lanes_;
};

Error cannot(const GroupPlace& place) {
  return Error{
      concat({place.target,
              " can neither show nor delete groups: only a Pushgateway and a textfile directory hold "
              "any, other targets keep series"})};
}

}  // namespace

GroupSession::GroupSession(const DeliveryOptions& options, const Console& console)
    : policy_(options.policy), http_(loop_) {
  std::vector<std::string> problems;
  constexpr int standard_output = 1;
  targets_ = make_targets(options, http_, standard_output, problems);
  for (const std::string& problem : problems) console.warn(problem);
  for (const Target& target : targets_) places_.push_back({target.name, target.sink->groups()});
}

Verdict GroupSession::try_until_done(const Try& once) {
  std::optional<Verdict> result;
  Endeavour endeavour(loop_, policy_, once, [&](Verdict verdict) { result = std::move(verdict); });
  loop_.run_until([&] { return result.has_value(); });
  return *result;
}

Result<Listing> GroupSession::list(const GroupPlace& place, const std::string& prefix) {
  if (!place.store) return cannot(place);
  Listing result;
  const Verdict verdict = try_until_done([&](Clock::time_point deadline, const Sink::Done& done) {
    return place.store->list(prefix, deadline, [&, done](Verdict outcome, Listing listing) {
      result = std::move(listing);
      done(std::move(outcome));
    });
  });
  if (verdict.kind == Verdict::Kind::delivered) return result;
  return Error{concat({place.target, ": its groups could not be listed: ", verdict.reason})};
}

void GroupSession::remove(const GroupPlace& place, const std::vector<HeldGroup>& groups,
                          const std::function<void(const Removal&)>& on_removal) {
  Removals(loop_, policy_, *place.store, groups, on_removal).run();
}

std::string GroupSession::wipe(const GroupPlace& place) {
  if (!place.store) return cannot(place).message;
  const Verdict verdict = try_until_done([&](Clock::time_point deadline, Sink::Done done) {
    return place.store->wipe(deadline, std::move(done));
  });
  if (verdict.kind == Verdict::Kind::delivered) return {};
  return concat({place.target, ": not wiped: ", verdict.reason});
}

}  // namespace pushmetrics
