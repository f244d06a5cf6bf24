#include "delivery/outbox.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pushmetrics {

using Clock = EventLoop::Clock;
using Status = PushResult::Status;

Failure PushResult::failure() const {
  std::string message = concat({"not pushed to ", delivery.describe()});
  std::string hint = delivery.last_attempt.hint;
  if (status == Status::spooled) {
    message += "; spooled";
    const std::string flush = concat({"pushmetrics flush --spool ", shell_word(spool_directory)});
    hint =
        hint.empty() ? concat({"the next push delivers it, or: ", flush}) : concat({hint, "; then: ", flush});
  } else {
    message += "; discarded";
  }
  if (!spool_error.empty())
    message.append(status == Status::spooled ? ", but " : ": it could not be spooled: ").append(spool_error);
  return {std::move(message), std::move(hint)};
}

Outbox::Outbox(EventLoop& loop, const std::vector<Target>& targets, RetryPolicy policy,
               std::optional<Spool> spool, SpoolListener listener)
    : loop_(loop),
      targets_(targets),
      policy_(policy),
      queue_(loop, targets, policy),
      spool_(std::move(spool)),
      listener_(std::move(listener)) {}

Outbox::~Outbox() = default;

void Outbox::send(Push push, const OnResult& on_result, std::optional<Time> deadline) {
  const auto shared = std::make_shared<const Push>(std::move(push));
  for (const Target& target : targets_) send_to(target, shared, on_result, deadline);
}

void Outbox::send_to(const Target& target, SharedPush push, OnResult on_result,
                     std::optional<Time> deadline) {
  const auto place = new_pushes_.emplace(new_pushes_.end());
  const Time until = deadline.value_or(Clock::now() + policy_.time_for(push->body.size()));
  *place = std::make_unique<NewPush>(
      loop_, queue_, target, std::move(push), until, spool_ ? &*spool_ : nullptr, listener_,
      [this, place, on_result = std::move(on_result)](const NewPush::Result& ended) {
        end_push(place, ended, on_result);
      });
  (*place)->start();
}

void Outbox::end_push(std::list<std::unique_ptr<NewPush>>::iterator place, const NewPush::Result& ended,
                      const OnResult& on_result) {
  PushResult result;
  result.target = ended.delivery.target;
  result.delivery = ended.delivery;
  if (ended.delivery.delivered()) result.status = Status::delivered;
  if (ended.delivery.last_attempt.may_go_later()) keep((*place)->push(), result);
  const bool may_go_on = !ended.is_given_up && !ended.delivery.last_attempt.is_unreachable;
  Backlog::Groups passed_over;
  if (result.status == Status::spooled || ended.has_older_failed)
    passed_over.insert(Spool::group_hash((*place)->push().group));
  const auto push = std::move(*place);
  new_pushes_.erase(place);
  push->release();
  on_result(result);
  if (may_go_on) deliver_waiting(*push, std::move(passed_over));
}

void Outbox::keep(const Push& push, PushResult& result) const {
  if (!spool_) return;
  const SharedPush& rest = result.delivery.rest;
  const auto stored = spool_->store(result.target->name, rest ? *rest : push);
  result.spool_directory = spool_->directory();
  if (!stored) {
    result.spool_error = stored.error();
    return;
  }
  result.status = Status::spooled;
  if (!stored->is_synced) result.spool_error = "not synced: a power failure may lose it";
  for (const std::string& sentence : stored->discarded) listener_(SpoolNotice::discarded, sentence);
}

/// For a moment only: whoever ran the job wants to go on, and `flush` has all the time there is. A push that hangs has
/// a little longer.
void Outbox::deliver_waiting(const NewPush& push, Backlog::Groups passed_over) {
  const Target& target = push.target();
  const auto is_of_target = [&](const auto& other) { return &other->target() == &target; };
  if (!spool_ || std::ranges::any_of(new_pushes_, is_of_target)) return;
  auto folder = spool_->open(target.name);
  if (!folder) {
    if (folder.failure().error_number != ENOENT)
      listener_(SpoolNotice::warning, concat({"what waits in the spool is not delivered: ", folder.error()}));
    return;
  }
  const auto has_entries = folder->has_entries();
  if (!has_entries || !*has_entries) return;
  FileLock lock = folder->lock_for_delivery();
  if (lock.state == FileLock::State::busy) return;

  constexpr std::chrono::milliseconds moment(250), longest(1000);
  const auto now = Clock::now();
  Backlog::Limits limits;
  limits.policy = policy_;
  limits.policy.retries = 0;
  limits.begin_until = std::min<Time>(now + moment, push.deadline());
  limits.end_by = std::min<Time>(now + longest, push.deadline());
  begin_backlog({*spool_, target, std::move(*folder), listener_}, std::move(lock), limits,
                std::move(passed_over), [](const Backlog::Result&) {});
}

void Outbox::begin_backlog(WaitingPushes pushes, FileLock lock, Backlog::Limits limits,
                           Backlog::Groups passed_over, Backlog::Done done) {
  warn_of_missing_locks(lock);
  const auto place = backlogs_.emplace(backlogs_.end());
  *place =
      std::make_unique<Backlog>(loop_, std::move(pushes), std::move(lock), limits, std::move(passed_over),
                                [this, place, done = std::move(done)](Backlog::Result result) {
                                  const auto ended = std::move(*place);
                                  backlogs_.erase(place);
                                  done(std::move(result));
                                });
}

void Outbox::warn_of_missing_locks(const FileLock& lock) {
  if (lock.state != FileLock::State::unsupported || std::exchange(has_warned_of_locks_, true)) return;
  listener_(SpoolNotice::warning,
            concat({"spool ", spool_->directory(), ": no file can be locked there (", lock.error,
                    "): what waits is delivered all the same, perhaps by two processes at once"}));
}

void Outbox::send_unspooled(Push push, const DeliveryQueue::OnDelivery& on_delivery) {
  queue_.send(std::move(push), on_delivery);
}

void Outbox::flush(const Target& target, Backlog::Done done) {
  auto opened = spool_->open(target.name);
  if (!opened) return done({0, std::nullopt, opened.failure().error_number == ENOENT ? "" : opened.error()});
  const auto folder = std::make_shared<SpoolFolder>(std::move(*opened));
  const auto place = waits_.emplace(waits_.end());
  *place = std::make_unique<FileLockWait>(
      loop_, Clock::now() + policy_.push_timeout, [folder] { return folder->lock_for_delivery(); },
      [this, &target, place, folder, done = std::move(done)](FileLock lock) mutable {
        const auto ended = std::move(*place);
        waits_.erase(place);
        if (lock.state != FileLock::State::busy) {
          Backlog::Limits limits;
          limits.policy = policy_;
          return begin_backlog({*spool_, target, std::move(*folder), listener_}, std::move(lock), limits, {},
                               std::move(done));
        }
        const auto numbers = folder->entries();
        done({numbers ? numbers->size() : 0, std::nullopt, "another process delivers what waits for it"});
      });
}

bool Outbox::idle() const {
  return queue_.idle() && new_pushes_.empty() && backlogs_.empty() && waits_.empty();
}

void Outbox::give_up(const std::string& why) {
  for (const auto& backlog : backlogs_) backlog->stop();
  while (!waits_.empty()) waits_.front()->give_up();  // which takes it off the list
  std::vector<NewPush*> pushes;  // each may take itself off the list, and add others, which are not given up
  for (const auto& push : new_pushes_) pushes.push_back(push.get());
  for (NewPush* const push : pushes) push->give_up(why);
  queue_.give_up(why);
}

}  // namespace pushmetrics
