#include "delivery/backlog.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {

using Clock = EventLoop::Clock;

Backlog::Backlog(EventLoop& loop, WaitingPushes pushes, FileLock lock, Limits limits, Groups passed_over,
                 Done done)
    : loop_(loop),
      pushes_(std::move(pushes)),
      lock_(std::move(lock)),
      limits_(limits),
      done_(std::move(done)),
      passed_over_(std::move(passed_over)) {
  if (limits_.end_by != Time::max()) end_ = loop_.call_at(limits_.end_by, [this] { stop(); });
  schedule();
}

Backlog::~Backlog() {
  loop_.cancel(step_);
  loop_.cancel(end_);
}

bool Backlog::may_begin() const { return !is_stopped_ && Clock::now() < limits_.begin_until; }

/// From the loop, always: a sink may be done at once, and a thousand entries must not become a thousand nested calls.
void Backlog::schedule() {
  if (step_ == EventLoop::no_timer) step_ = loop_.call_at(Clock::now(), [this] { step(); });
}

void Backlog::step() {
  step_ = EventLoop::no_timer;
  const auto is_free = [](const Lane& lane) { return !lane.is_busy; };
  constexpr int at_once = 32;  // so that signals and other targets are served between
  for (int i = 0; i < at_once && may_begin() && std::ranges::any_of(lanes_, is_free); ++i) {
    if (items_.empty() && !load()) break;
    const std::uint64_t number = items_.front();
    items_.pop_front();
    handled_.insert(number);
    place(number, group_in_log(number));
  }
  const bool has_more = may_begin() && !items_.empty();
  if (has_more && std::ranges::any_of(lanes_, is_free)) return schedule();
  if (!has_more && std::ranges::all_of(lanes_, is_free)) finish();
}

/// Looks for what has not been handled. False: there is nothing.
bool Backlog::load() {
  const auto numbers = pushes_.folder().entries();
  if (!numbers) {
    result_.problem = numbers.error();
    return false;
  }
  for (const std::uint64_t number : *numbers)
    if (!handled_.contains(number)) items_.push_back(number);
  result_.waiting += items_.size();
  if (items_.empty()) return false;
  records_ = pushes_.folder().log().read();
  std::ranges::stable_sort(records_, {}, &SpoolRecord::number);
  put_failed_last();
  return true;
}

/// One that has failed before may do so again, and take all the time there is: the other groups come first.
void Backlog::put_failed_last() {
  std::unordered_set<std::uint64_t> failed;
  for (const SpoolRecord& record : records_)
    if (record.has_failed) failed.insert(record.group);
  if (failed.empty()) return;
  // clang 14 doesn't compile std::ranges::stable_partition of libstdc++.
  std::stable_partition(items_.begin(), items_.end(),
                        [&](std::uint64_t number) { return !failed.contains(group_in_log(number)); });
}

std::uint64_t Backlog::group_in_log(std::uint64_t number) const {
  const auto found = std::ranges::lower_bound(records_, number, {}, &SpoolRecord::number);
  return found != records_.end() && found->number == number ? found->group : 0;
}

/// What becomes of an entry, by its group; 0: it has to be read to know.
void Backlog::place(std::uint64_t number, std::uint64_t group) {
  if (group == 0) {
    const auto stored = read(number);
    if (!stored) return;
    group = Spool::group_hash(stored->entry.push.group);
  }
  if (passed_over_.contains(group)) return;
  if (const auto behind = behind_.find(group); behind != behind_.end())
    return behind->second.push_back(number);
  Lane& lane = *std::ranges::find(lanes_, false, &Lane::is_busy);
  lane.is_busy = true;
  lane.number = number;
  lane.group = group;
  behind_.try_emplace(group);
  begin(lane);
}

/// The group's lock first, and only then the entry: whoever has the lock may be about to change it.
void Backlog::begin(Lane& lane) {
  lane.lock = pushes_.folder().lock_group(lane.group);
  if (lane.lock.state != FileLock::State::busy) return deliver(lane);
  if (limits_.end_by != Time::max()) return leave_group(lane);
  lane.wait = std::make_unique<FileLockWait>(
      loop_, Clock::now() + limits_.policy.push_timeout,
      [this, &lane] { return pushes_.folder().lock_group(lane.group); },
      [this, &lane](FileLock lock) {
        const auto ended = std::move(lane.wait);
        lane.lock = std::move(lock);  // or none: nobody is to wait for a process that hangs
        deliver(lane);
      });
}

void Backlog::deliver(Lane& lane) {
  while (!(lane.stored = read(lane.number)))
    if (!take_next(lane)) return free(lane);
  const Time deadline =
      std::min(limits_.end_by, Clock::now() + limits_.policy.time_for(lane.stored->entry.push.body.size()));
  lane.delivery = std::make_unique<RetryLoop>(
      loop_, limits_.policy.retries, deadline,
      [this, &lane](Time until, const SharedPush& rest, Sink::Done done) {
        return pushes_.target().sink->attempt(rest ? *rest : lane.stored->entry.push, until, std::move(done));
      },
      [this, &lane](RetryResult result) { end_delivery(lane, std::move(result)); });
}

void Backlog::end_delivery(Lane& lane, RetryResult retry_result) {
  const auto ended = std::move(lane.delivery);  // which is what calls: destroyed at the end
  const DeliveryResult result{&pushes_.target(), std::move(retry_result.last), retry_result.attempts,
                              retry_result.took, std::move(retry_result.rest)};
  if (result.last_attempt.may_go_later()) {
    const bool is_unreachable = result.last_attempt.is_unreachable;
    pushes_.keep_rest(lane.number, *lane.stored, result);
    if (!is_stopped_ && !is_unreachable) pushes_.settle(lane.number, *lane.stored, result);
    if (!is_stopped_ && is_unreachable) result_.unreachable = result;
    is_stopped_ = is_stopped_ || is_unreachable;
    return leave_group(lane);
  }
  pushes_.settle(lane.number, *lane.stored, result);
  if (take_next(lane)) return deliver(lane);
  free(lane);
}

void Backlog::leave_group(Lane& lane) {
  passed_over_.insert(lane.group);
  free(lane);
}

bool Backlog::take_next(Lane& lane) {
  std::deque<std::uint64_t>& behind = behind_[lane.group];
  if (behind.empty() || !may_begin()) return false;
  lane.number = behind.front();
  behind.pop_front();
  return true;
}

void Backlog::free(Lane& lane) {
  behind_.erase(lane.group);
  lane.stored.reset();
  lane.lock = {};
  lane.is_busy = false;
  schedule();
}

std::optional<StoredEntry> Backlog::read(std::uint64_t number) {
  auto stored = pushes_.read(number);
  if (pushes_.exhausted().empty()) return stored;
  is_stopped_ = true;
  result_.problem = pushes_.exhausted();
  return std::nullopt;
}

void Backlog::stop() {
  is_stopped_ = true;
  for (Lane& lane : lanes_) {
    if (lane.delivery) lane.delivery->give_up("there was no time for it");
    if (lane.wait) {
      lane.wait.reset();
      free(lane);
    }
  }
  schedule();
}

void Backlog::finish() {
  pushes_.report_rest();
  result_.waiting -= pushes_.settled();
  if (result_.waiting == 0) {
    pushes_.folder().compact_log();
    pushes_.folder().remove_stale_temporaries();
  }
  lock_ = {};
  const Done done = std::move(done_);
  done(std::move(result_));  // which may destroy this
}

}  // namespace pushmetrics
