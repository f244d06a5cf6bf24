#include "delivery/delivery_queue.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace pushmetrics {

using Time = EventLoop::Clock::time_point;

class DeliveryQueue::TargetQueue {
 public:
  struct QueuedPush {
    SharedPush push;
    Time deadline;
    OnDelivery on_delivery;
  };

  TargetQueue(EventLoop& loop, const Target& target, int retries)
      : loop_(loop), target_(target), retries_(retries) {}

  const Target& target() const { return target_; }
  bool idle() const { return queue_.empty(); }

  void send(QueuedPush push) {
    queue_.push_back(std::move(push));
    if (queue_.size() == 1) begin();
  }

  void give_up(const std::string& why) {
    if (queue_.empty()) return;
    // What the callbacks send meanwhile is not given up.
    std::deque<QueuedPush> rest(std::make_move_iterator(queue_.begin() + 1),
                                std::make_move_iterator(queue_.end()));
    queue_.resize(1);
    delivery_->give_up(why);
    for (const QueuedPush& push : rest)
      push.on_delivery({&target_, {AttemptResult::Kind::retry, why}, 0, {}});
  }

 private:
  void begin() {
    const QueuedPush& next = queue_.front();
    delivery_ = std::make_unique<RetryLoop>(
        loop_, retries_, next.deadline,
        [this, push = next.push](Time deadline, const SharedPush& rest, Sink::Done done) {
          return target_.sink->attempt(rest ? *rest : *push, deadline, std::move(done));
        },
        [this](RetryResult result) { end(std::move(result)); });
  }

  void end(RetryResult result) {
    const auto ended = std::move(delivery_);  // which is what calls: destroyed at the end
    const QueuedPush push = std::move(queue_.front());
    queue_.pop_front();
    if (!queue_.empty()) begin();
    push.on_delivery(
        {&target_, std::move(result.last), result.attempts, result.took, std::move(result.rest)});
  }

  EventLoop& loop_;
  const Target& target_;
  int retries_;
  std::deque<QueuedPush> queue_;
  std::unique_ptr<RetryLoop> delivery_;
};

std::string DeliveryResult::describe() const {
  std::string text = concat({target->name, ": ", last_attempt.reason});
  if (attempts == 0) return text;
  return concat({text, " (", std::to_string(attempts), attempts == 1 ? " attempt in " : " attempts in ",
                 format_duration(took), ")"});
}

std::string DeliveryResult::describe_with_hint() const {
  return last_attempt.hint.empty() ? describe() : concat({describe(), "; ", last_attempt.hint});
}

DeliveryQueue::DeliveryQueue(EventLoop& loop, const std::vector<Target>& targets, RetryPolicy policy)
    : policy_(policy) {
  for (const Target& target : targets)
    queues_.push_back(std::make_unique<TargetQueue>(loop, target, policy.retries));
}

DeliveryQueue::~DeliveryQueue() = default;

void DeliveryQueue::send(Push push, const OnDelivery& on_delivery) {
  const auto shared = std::make_shared<const Push>(std::move(push));
  const auto deadline = EventLoop::Clock::now() + policy_.time_for(shared->body.size());
  for (const auto& queue : queues_) queue->send({shared, deadline, on_delivery});
}

void DeliveryQueue::send_to(const Target& target, SharedPush push, Time deadline, OnDelivery on_delivery) {
  const auto queue = std::ranges::find(queues_, &target, [](const auto& one) { return &one->target(); });
  (*queue)->send({std::move(push), deadline, std::move(on_delivery)});
}

bool DeliveryQueue::idle() const {
  return std::ranges::all_of(queues_, [](const auto& queue) { return queue->idle(); });
}

void DeliveryQueue::give_up(const std::string& why) {
  for (const auto& queue : queues_) queue->give_up(why);
}

}  // namespace pushmetrics
