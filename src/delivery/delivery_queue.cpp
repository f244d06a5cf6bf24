#include "delivery/delivery_queue.hpp"

#include "support/text.hpp"

#include <deque>
#include <utility>

namespace pushmetrics {

/// The way to one target: a queue, and the push that is being delivered.
class DeliveryQueue::TargetQueue {
 public:
  TargetQueue(EventLoop& loop, const Target& target, RetryPolicy policy)
      : loop_(loop), target_(target), policy_(policy) {}
  ~TargetQueue() { loop_.cancel(timer_); }
  TargetQueue(const TargetQueue&) = delete;
  TargetQueue& operator=(const TargetQueue&) = delete;

  const Target& target() const { return target_; }
  bool idle() const { return queue_.empty(); }

  void send(SharedPush push, OnDelivery on_delivery, std::optional<EventLoop::Clock::time_point> deadline) {
    queue_.push_back({std::move(push), std::move(on_delivery), deadline});
    if (queue_.size() == 1) begin();
  }

  void give_up(const std::string& why) {
    // What is sent meanwhile, by those that are told, comes after all of these and is not given up.
    const std::size_t count = queue_.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (attempts_ == 0) started_ = EventLoop::Clock::now();
      AttemptResult verdict = std::exchange(last_, {});
      verdict.kind = AttemptResult::Kind::retry;
      verdict.reason = verdict.reason.empty() ? why : concat({verdict.reason, "; ", why});
      end(std::move(verdict), i + 1 < count ? Next::wait : Next::begin);
    }
  }

 private:
  enum class Next { begin, wait };
  struct QueuedPush {
    SharedPush push;
    OnDelivery on_delivery;
    std::optional<EventLoop::Clock::time_point> deadline;
  };

  void begin() {
    attempts_ = 0;
    last_ = {};
    started_ = EventLoop::Clock::now();
    deadline_ = queue_.front().deadline.value_or(started_ + policy_.push_timeout);
    attempt();
  }

  void attempt() {
    ++attempts_;
    auto attempt = target_.sink->attempt(*queue_.front().push, deadline_,
                                         [this](AttemptResult verdict) { on_verdict(std::move(verdict)); });
    // Without one, the verdict has come already, and perhaps the next push is under way.
    if (attempt) attempt_ = std::move(attempt);
  }

  void on_verdict(AttemptResult verdict) {
    if (verdict.kind != AttemptResult::Kind::retry || attempts_ > policy_.retries)
      return end(std::move(verdict), Next::begin);
    std::mt19937 random{std::random_device{}()};  // only here: most pushes are not tried again
    const Duration wait =
        std::max(backoff(attempts_, random), verdict.retry_after.value_or(Duration::zero()));
    const auto when = EventLoop::Clock::now() + wait;
    if (when >= deadline_) {
      if (verdict.retry_after == wait)
        verdict.reason += concat({"; it asks to be left alone for ", format_duration(wait)});
      return end(std::move(verdict), Next::begin);
    }
    last_ = std::move(verdict);
    timer_ = loop_.call_at(when, [this] { attempt(); });
  }

  void end(AttemptResult verdict, Next next) {
    loop_.cancel(timer_);
    const QueuedPush queued = std::move(queue_.front());
    const auto attempt = std::move(attempt_);  // it may be what is calling: destroyed at the end
    queue_.pop_front();
    const Delivery delivery{&target_, std::move(verdict), attempts_, EventLoop::Clock::now() - started_};
    attempts_ = 0;
    if (next == Next::begin && !queue_.empty()) begin();
    queued.on_delivery(delivery);
  }

  EventLoop& loop_;
  const Target& target_;
  RetryPolicy policy_;
  std::deque<QueuedPush> queue_;
  int attempts_ = 0;
  AttemptResult last_;
  EventLoop::Clock::time_point started_;
  EventLoop::Clock::time_point deadline_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
  std::unique_ptr<Attempt> attempt_;
};

std::string Delivery::describe() const {
  std::string text = concat({target->name, ": ", verdict.reason});
  if (attempts == 0) return text;
  return concat({text, " (", std::to_string(attempts), attempts == 1 ? " attempt in " : " attempts in ",
                 format_duration(took), ")"});
}

DeliveryQueue::DeliveryQueue(EventLoop& loop, const std::vector<Target>& targets, RetryPolicy policy) {
  for (const Target& target : targets) queues_.push_back(std::make_unique<TargetQueue>(loop, target, policy));
}

DeliveryQueue::~DeliveryQueue() = default;

void DeliveryQueue::send(Push push, const OnDelivery& on_delivery) {
  const auto shared = std::make_shared<const Push>(std::move(push));
  for (const auto& queue : queues_) queue->send(shared, on_delivery, std::nullopt);
}

void DeliveryQueue::send_to(const Target& target, SharedPush push, const OnDelivery& on_delivery,
                            std::optional<EventLoop::Clock::time_point> deadline) {
  for (const auto& queue : queues_)
    if (&queue->target() == &target) return queue->send(std::move(push), on_delivery, deadline);
}

bool DeliveryQueue::idle() const {
  for (const auto& queue : queues_)
    if (!queue->idle()) return false;
  return true;
}

void DeliveryQueue::give_up(const std::string& why) {
  for (const auto& queue : queues_) queue->give_up(why);
}

}  // namespace pushmetrics
