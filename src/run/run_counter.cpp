#include "run/run_counter.hpp"

#include "run/run_record.hpp"
#include "sinks/group_store.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

namespace pushmetrics {
namespace {

using Clock = EventLoop::Clock;

/// Whether the counts that a target holds may yet be read, if not now. One that has another API than a
/// Pushgateway's, or hides it (403), never reports it.
bool may_report_later(const AttemptResult& verdict) {
  constexpr int unauthorized = 401;
  return verdict.kind == AttemptResult::Kind::retry ||
         (verdict.kind == AttemptResult::Kind::needs_attention &&
          (verdict.status == 0 || verdict.status == unauthorized));
}

/// What a run pushes: not the counts and the histogram of others that asked for them.
RunTotals wanted(RunTotals totals, const RunTotals& share) {
  if (!share.counts) totals.counts.reset();
  if (!share.durations) totals.durations.reset();
  return totals;
}

/// One target's groups, as they are read.
struct Reading {
  const Target* target;
  std::unique_ptr<GroupStore> store;
  std::unique_ptr<Attempt> attempt;
  std::optional<AttemptResult> verdict;
  Listing listing;
};

}  // namespace

/// What the targets report of a group.
struct RunCounter::Held {
  /// Of those that reported.
  RunTotals totals;
  /// A target reported its totals, or that it has none.
  bool is_known = false;
  /// None has reported, but one may yet.
  bool may_be_known_later = false;
};

RunCounter::RunCounter(EventLoop& loop, const GroupingKey& group, std::string prefix,
                       std::optional<CountFile> file, Listener listener)
    : loop_(loop),
      group_(group),
      prefix_(std::move(prefix)),
      file_(std::move(file)),
      listener_(std::move(listener)) {}

std::optional<RunTotals> RunCounter::count(RunTotals share, std::chrono::system_clock::time_point start,
                                           const std::vector<Target>& targets, Clock::time_point deadline) {
  drop_group_labels(share, GroupLabels(group_));
  if (file_) wait_for_turn(deadline);
  const Held held = held_by(targets, deadline);
  if (!file_) return without_file(share, held);
  // It is held for as long as a small file takes: it does not matter then that there is little time left.
  const auto lock =
      wait_for(CountFile::Lock::file, std::max(deadline, Clock::now() + std::chrono::seconds(1)));
  if (lock && !*lock)
    listener_.warning("its runs are not counted reliably: another process holds them locked");
  if (!lock || !*lock) return without_file(share, held);
  auto kept = file_->read();
  if (!kept) listener_.warning(concat({"its runs are counted anew: ", kept.error()}));

  KeptTotals result;
  if (kept && *kept) result = std::move(**kept);
  const auto& durations = result.known.all.durations;
  if (durations && share.durations && durations->bounds != share.durations->bounds)
    listener_.warning("its histogram begins anew: the bounds have changed");
  add_once(result, share, to_nanoseconds(start),
           held.may_be_known_later ? std::nullopt : std::optional(held.totals));
  if (const auto written = file_->write(result); !written)
    listener_.warning(concat({"its runs are not counted reliably: ", written.error()}));
  if (!result.known.here_only.empty())
    listener_.warning("its runs are counted, but not pushed until a target reports the earlier counts");
  return wanted(std::move(result.known.all), share);
}

std::optional<RunTotals> RunCounter::without_file(const RunTotals& share, const Held& held) const {
  if (!held.is_known) {
    listener_.warning("this run is not counted: no target reports the earlier counts");
    return std::nullopt;
  }
  KnownTotals known;
  add_run(known, share, held.totals);
  return known.all;
}

std::optional<RunTotals> RunCounter::preview(RunTotals share) const {
  drop_group_labels(share, GroupLabels(group_));
  const auto kept = file_ ? file_->read() : Result(std::optional<KeptTotals>());
  if (!kept) return std::nullopt;
  KnownTotals known = *kept ? (*kept)->known : KnownTotals{};
  add_run(known, share, std::nullopt);
  return wanted(followed_by(known.all, known.here_only), share);
}

/// Nothing in it: another has held it all the time.
Result<std::optional<Descriptor>> RunCounter::wait_for(CountFile::Lock which, Clock::time_point deadline) {
  constexpr std::chrono::milliseconds pause(5);
  while (true) {
    auto lock = file_->try_lock(which);
    if (!lock || *lock || hurried_ || Clock::now() >= deadline) return lock;
    wait_until(Clock::now() + pause, [this] { return hurried_; });
  }
}

void RunCounter::wait_for_turn(Clock::time_point deadline) {
  auto turn = wait_for(CountFile::Lock::turn, deadline);
  if (!turn)
    listener_.warning(concat({"its runs are not counted reliably: ", turn.error()}));
  else if (!*turn)
    listener_.warning(
        "another run of it still pushes: until the next, targets may hold the counts of either");
  else
    turn_ = std::move(*turn);
}

void RunCounter::wait_until(Clock::time_point deadline, const std::function<bool()>& done) {
  bool late = false;
  const auto timer = loop_.call_at(deadline, [&] { late = true; });
  loop_.run_until([&] { return late || done(); });
  loop_.cancel(timer);
}

RunCounter::Held RunCounter::held_by(const std::vector<Target>& targets, Clock::time_point deadline) {
  std::deque<Reading> readings;  // which stay where they are
  for (const Target& target : targets)
    if (auto store = target.sink->groups()) readings.push_back({&target, std::move(store), {}, {}, {}});
  for (Reading& reading : readings)
    reading.attempt = reading.store->list(GroupQuery::contents(prefix_, GroupLabels(group_)), deadline,
                                          [&reading](AttemptResult verdict, Listing listing) {
                                            reading.verdict = std::move(verdict);
                                            reading.listing = std::move(listing);
                                          });
  const auto is_over = [](const Reading& reading) { return reading.verdict.has_value(); };
  wait_until(deadline, [&] { return hurried_ || std::ranges::all_of(readings, is_over); });

  Held held;
  for (const Reading& reading : readings) {
    const AttemptResult verdict =
        reading.verdict.value_or(AttemptResult{AttemptResult::Kind::retry, "there was no time"});
    if (verdict.kind != AttemptResult::Kind::delivered) {
      held.may_be_known_later = held.may_be_known_later || may_report_later(verdict);
      listener_.note(
          concat({"its counts could not be read back from ", reading.target->name, ": ", verdict.reason}));
      continue;
    }
    held.is_known = true;
    for (const GroupSnapshot& group : reading.listing.groups)
      held.totals = merged(held.totals, read_totals(group.contents, prefix_));
  }
  held.may_be_known_later = held.may_be_known_later && !held.is_known;
  return held;
}

}  // namespace pushmetrics
