#include "delivery/new_push.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pushmetrics {

using Clock = EventLoop::Clock;

NewPush::NewPush(EventLoop& loop, DeliveryQueue& queue, const Target& target, SharedPush push, Time deadline,
                 const Spool* spool, SpoolListener listener, Done done)
    : loop_(loop),
      queue_(queue),
      target_(target),
      push_(std::move(push)),
      deadline_(deadline),
      spool_(spool),
      listener_(std::move(listener)),
      done_(std::move(done)) {}

void NewPush::start() {
  auto folder = spool_ != nullptr ? spool_->open(target_.name) : Failure{""};
  if (!folder) return deliver();  // nothing of the group is anywhere else
  waiting_.emplace(*spool_, target_, std::move(*folder), listener_);
  const auto try_lock = [this] { return waiting_->folder().lock_group(Spool::group_hash(push_->group)); };
  FileLock lock = try_lock();
  if (lock.state != FileLock::State::busy) return on_lock(std::move(lock));
  // Another process delivers a push of the group, as a run does that overlaps this one. If that takes long, this one is
  // tried all the same: nobody is to wait for a process that hangs.
  const auto now = Clock::now();
  wait_ = std::make_unique<FileLockWait>(loop_, now + (deadline_ - now) / 2, try_lock, [this](FileLock got) {
    const auto ended = std::move(wait_);
    on_lock(std::move(got));
  });
}

void NewPush::on_lock(FileLock lock) {
  lock_ = std::move(lock);
  const auto now = Clock::now();
  older_until_ = now + (deadline_ - now) / 4;
  constexpr std::chrono::milliseconds moment(250);  // nothing else is done meanwhile
  const auto older = spool_->older_of_group(waiting_->folder(), target_.name, *push_,
                                            std::min<Time>(older_until_, now + moment));
  older_.assign(older.begin(), older.end());
  deliver_older();
}

void NewPush::deliver_older() {
  while (!older_.empty() && Clock::now() < older_until_) {
    const std::uint64_t number = older_.front();
    older_.pop_front();
    stored_ = waiting_->read(number);
    if (!stored_) continue;
    older_delivery_ = std::make_unique<RetryLoop>(
        loop_, 0, older_until_,
        [this](Time until, const SharedPush& rest, Sink::Done done) {
          return target_.sink->attempt(rest ? *rest : stored_->entry.push, until, std::move(done));
        },
        [this, number](RetryResult result) { end_older(number, std::move(result)); });
    return;
  }
  deliver();
}

void NewPush::end_older(std::uint64_t number, RetryResult retry_result) {
  const auto ended = std::move(older_delivery_);  // which is what calls: destroyed at the end
  const DeliveryResult result{&target_, std::move(retry_result.last), retry_result.attempts,
                              retry_result.took, std::move(retry_result.rest)};
  if (result.last_attempt.may_go_later()) {
    waiting_->keep_rest(number, *stored_, result);
    if (result_.is_given_up) return;
  }
  if (!result.last_attempt.is_unreachable) waiting_->settle(number, *stored_, result);
  result_.has_older_failed = result.last_attempt.may_go_later();
  if (result_.is_given_up) return;
  if (result_.has_older_failed) return deliver();
  deliver_older();
}

void NewPush::deliver() {
  queue_.send_to(target_, push_, deadline_, [this](const DeliveryResult& delivery) { end(delivery); });
}

void NewPush::end(const DeliveryResult& delivery) {
  result_.delivery = delivery;
  if (delivery.delivered() && waiting_)
    for (const std::string& problem : spool_->supersede(waiting_->folder(), target_.name, *push_, deadline_))
      listener_(SpoolNotice::warning, problem);
  const Done done = std::move(done_);
  done(result_);  // which may destroy this
}

void NewPush::give_up(const std::string& why) {
  result_.is_given_up = true;
  const bool is_queued = !wait_ && !older_delivery_;  // then the queue is asked
  if (is_queued) return;
  wait_.reset();
  if (older_delivery_) older_delivery_->give_up(why);
  end({&target_, {AttemptResult::Kind::retry, why}, 0, {}});
}

}  // namespace pushmetrics
