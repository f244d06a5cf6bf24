#include "delivery/outbox.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace pushmetrics {
namespace {

std::string late_push(const SpoolEntry& entry) {
  return concat({"job '", printable(entry.push.group.job()), "': a push that waited ",
                 format_duration(std::max<Duration>(std::chrono::system_clock::now() - entry.push.when,
                                                    Duration::zero()))});  // a clock may be set back
}

}  // namespace

std::string PushResult::describe() const {
  if (status == Status::spooled)
    return concat({delivery.describe(),
                   "; the push waits and goes out with the next one, or by: pushmetrics flush --spool ",
                   shell_word(spool_directory)});
  std::string text = delivery.describe();
  if (!spool_error.empty()) text.append("; it cannot be kept in the spool either: ").append(spool_error);
  return text;
}

/// The delivery of what waits for one target, by the process that holds the lock.
class Outbox::Backlog : public std::enable_shared_from_this<Outbox::Backlog> {
 public:
  using Done = std::function<void(const Delivery* failed)>;

  Backlog(Outbox& outbox, const Target& target, Descriptor lock, Deadline deadline, Done done)
      : outbox_(outbox),
        target_(target),
        lock_(std::move(lock)),
        deadline_(deadline),
        done_(std::move(done)) {}

  void go_on() {
    if (deadline_ && EventLoop::Clock::now() > *deadline_) {
      Delivery late;
      late.target = &target_;
      late.verdict = {AttemptResult::Kind::retry, "there was no time to deliver all that waits for it"};
      return end(&late);
    }
    if (items_.empty()) {
      const auto waiting = outbox_.spool_->waiting(target_.name);
      items_.assign(waiting.begin(), waiting.end());
      if (items_.empty()) return end(nullptr);
    }
    const Spool::Item item = items_.front();
    items_.pop_front();
    std::vector<std::string> problems;
    auto entry = outbox_.spool_->read(item, problems);
    outbox_.report_discarded(problems);
    if (!entry) return go_on_from_loop();
    const std::string words = late_push(*entry);
    outbox_.courier_.send_to(
        target_, std::make_shared<const Push>(std::move(entry->push)),
        [self = shared_from_this(), item, words](const Delivery& delivery) {
          self->on_delivery(item, words, delivery);
        },
        deadline_);
  }

  /// No further than what is under way.
  void give_up() { deadline_ = EventLoop::Clock::time_point::min(); }

 private:
  /// A sink may be done before it returns: a thousand entries must not become a thousand nested calls.
  void go_on_from_loop() {
    outbox_.loop_.call_at(EventLoop::Clock::now(), [self = shared_from_this()] { self->go_on(); });
  }

  void on_delivery(const Spool::Item& item, const std::string& words, const Delivery& delivery) {
    if (delivery.verdict.may_go_later()) return end(&delivery);
    outbox_.spool_->remove(item);
    if (delivery.delivered())
      outbox_.listener_.delivered(concat({words, " was delivered to ", target_.name}));
    else
      outbox_.listener_.lost(concat({words, " is lost: ", delivery.describe()}));
    go_on_from_loop();
  }

  void end(const Delivery* failed) {
    const auto self = shared_from_this();
    std::erase(outbox_.backlogs_, self);
    lock_.reset();
    done_(failed);
  }

  Outbox& outbox_;
  const Target& target_;
  Descriptor lock_;
  Deadline deadline_;
  Done done_;
  std::deque<Spool::Item> items_;
};

Outbox::Outbox(EventLoop& loop, const std::vector<Target>& targets, RetryPolicy policy,
               std::optional<Spool> spool, Listener listener)
    : loop_(loop),
      targets_(targets),
      budget_(policy.push_timeout),
      courier_(loop, targets, policy),
      spool_(std::move(spool)),
      listener_(std::move(listener)) {}

Outbox::~Outbox() = default;

void Outbox::send(Push push, const OnResult& on_result) {
  const auto shared = std::make_shared<const Push>(std::move(push));
  for (const Target& target : targets_) send_to(target, shared, on_result);
}

void Outbox::send_to(const Target& target, SharedPush shared, OnResult on_result) {
  if (!spool_ || spool_->waiting(target.name).empty())
    return send_own(target, shared, std::nullopt, std::move(on_result));
  auto lock = spool_->lock_for_delivery(target.name);
  if (!lock) return send_behind(target, std::move(shared), std::move(on_result));
  const auto deadline = EventLoop::Clock::now() + budget_;
  begin_backlog(target, std::move(*lock), deadline,
                [this, &target, shared, deadline, on_result](const Delivery* failed) {
                  if (failed == nullptr)
                    send_own(target, shared, deadline, on_result);
                  else
                    keep(*shared, *failed, on_result);
                });
}

void Outbox::send_own(const Target& target, const SharedPush& push, Deadline deadline, OnResult on_result) {
  courier_.send_to(
      target, push,
      [this, push, on_result = std::move(on_result)](const Delivery& delivery) {
        if (delivery.verdict.may_go_later()) return keep(*push, delivery, on_result);
        on_result({delivery.delivered() ? PushResult::Status::delivered : PushResult::Status::discarded,
                   delivery.target,
                   delivery,
                   {},
                   {}});
      },
      deadline);
}

/// Another process delivers what waits. If something of this group is among it, this push must not overtake
/// it: it is put behind, where the other finds it.
void Outbox::send_behind(const Target& target, SharedPush push, OnResult on_result) {
  std::vector<std::string> problems;
  const auto is_of_group = [&](const Spool::Item& item) {
    const auto entry = spool_->read(item, problems);
    return entry && entry->push.group == push->group;
  };
  const bool must_wait = std::ranges::any_of(spool_->waiting(target.name), is_of_group);
  report_discarded(problems);
  if (!must_wait) return send_own(target, push, std::nullopt, std::move(on_result));

  Delivery delivery;
  delivery.target = &target;
  delivery.verdict = {AttemptResult::Kind::retry, "another process delivers what waits for it"};
  keep(*push, delivery, [this, &target, on_result = std::move(on_result)](const PushResult& dispatch) {
    // The other may have looked for the last time just before this was put there.
    auto lock =
        dispatch.status == PushResult::Status::spooled ? spool_->lock_for_delivery(target.name) : std::nullopt;
    if (!lock) return on_result(dispatch);
    begin_backlog(target, std::move(*lock), EventLoop::Clock::now() + budget_,
                  [dispatch, on_result](const Delivery* failed) {
                    PushResult late = dispatch;
                    if (failed == nullptr)
                      late.status = PushResult::Status::delivered;
                    else
                      late.delivery = *failed;
                    on_result(late);
                  });
  });
}

void Outbox::keep(const Push& push, Delivery delivery, const OnResult& on_result) {
  PushResult dispatch;
  dispatch.target = delivery.target;
  dispatch.delivery = std::move(delivery);
  if (spool_) {
    std::vector<std::string> dropped;
    const auto stored = spool_->store(dispatch.target->name, push, dropped);
    report_discarded(dropped);
    dispatch.status = stored ? PushResult::Status::spooled : PushResult::Status::discarded;
    if (!stored) dispatch.spool_error = stored.error();
    dispatch.spool_directory = spool_->directory();
  }
  on_result(dispatch);
}

void Outbox::report_discarded(const std::vector<std::string>& sentences) const {
  for (const std::string& sentence : sentences) listener_.lost(sentence);
}

void Outbox::begin_backlog(const Target& target, Descriptor lock, Deadline deadline,
                           std::function<void(const Delivery*)> done) {
  std::vector<std::string> dropped;
  spool_->drop_old(target.name, dropped);
  report_discarded(dropped);
  const auto backlog = std::make_shared<Backlog>(*this, target, std::move(lock), deadline, std::move(done));
  backlogs_.push_back(backlog);
  backlog->go_on();
}

void Outbox::send_unspooled(Push push, const DeliveryQueue::OnDelivery& on_delivery) {
  courier_.send(std::move(push), on_delivery);
}

void Outbox::flush(const Target& target, std::function<void(const Delivery*)> done) {
  if (!spool_ || spool_->waiting(target.name).empty()) return done(nullptr);
  auto lock = spool_->lock_for_delivery(target.name);
  if (lock) return begin_backlog(target, std::move(*lock), std::nullopt, std::move(done));
  Delivery busy;
  busy.target = &target;
  busy.verdict = {AttemptResult::Kind::retry, "another process delivers what waits for it"};
  done(&busy);
}

bool Outbox::idle() const { return courier_.idle() && backlogs_.empty(); }

void Outbox::give_up(const std::string& why) {
  for (const auto& backlog : backlogs_) backlog->give_up();
  courier_.give_up(why);
}

}  // namespace pushmetrics
