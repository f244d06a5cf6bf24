#include "run/heartbeat.hpp"

#include <chrono>
#include <utility>

namespace pushmetrics {

Heartbeat::Heartbeat(EventLoop& loop, std::optional<Duration> interval, Compose compose, OnFailure on_failure)
    : loop_(loop), interval_(interval), compose_(std::move(compose)), on_failure_(std::move(on_failure)) {}

void Heartbeat::begin(Outbox& outbox) { push(outbox); }

void Heartbeat::push(Outbox& outbox) {
  auto running = compose_();
  if (!running) return;
  if (outbox.idle())
    outbox.send_unspooled(std::move(*running), [this](const DeliveryResult& delivery) {
      if (delivery.delivered())
        unanswered_.erase(delivery.target);
      else if (delivery.last_attempt.status == 0)
        unanswered_.insert(delivery.target);
      if (!delivery.delivered()) on_failure_(delivery.describe());
    });
  if (interval_)
    timer_ = loop_.call_at(EventLoop::Clock::now() + *interval_, [this, &outbox] { push(outbox); });
}

void Heartbeat::end(Outbox& outbox) {
  loop_.cancel(timer_);
  constexpr std::chrono::milliseconds patience{500};
  const auto patience_ends =
      loop_.call_at(EventLoop::Clock::now() + patience, [&outbox] { outbox.give_up("the job ended"); });
  loop_.run_until([&outbox] { return outbox.idle(); });
  loop_.cancel(patience_ends);
}

}  // namespace pushmetrics
