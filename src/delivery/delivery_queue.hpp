#pragma once

#include "delivery/retry_policy.hpp"
#include "delivery/target.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// How the delivery of one push to one target ended.
struct Delivery {
  const Target* target = nullptr;
  AttemptResult verdict;
  int attempts = 0;
  Duration took{};

  bool delivered() const { return verdict.kind == AttemptResult::Kind::delivered; }
  /// `http://gw:9091: connection refused (4 attempts in 2.3s)`.
  std::string describe() const;
};

/// Brings pushes to all targets side by side, each with a budget of its own. To one target, pushes go one
/// after the other, in the order in which they were sent.
class DeliveryQueue {
 public:
  using OnDelivery = std::function<void(const Delivery&)>;

  /// `targets` must outlive the courier.
  DeliveryQueue(EventLoop& loop, const std::vector<Target>& targets, RetryPolicy policy);
  ~DeliveryQueue();
  DeliveryQueue(const DeliveryQueue&) = delete;
  DeliveryQueue& operator=(const DeliveryQueue&) = delete;

  /// Calls `on_delivery` once for each target, perhaps before it returns.
  void send(Push push, const OnDelivery& on_delivery);
  /// To one of the targets only; until `deadline`, or for a budget of its own.
  void send_to(const Target& target, SharedPush push, const OnDelivery& on_delivery,
               std::optional<EventLoop::Clock::time_point> deadline = std::nullopt);

  /// Nothing is under way or waits.
  bool idle() const;

  /// Ends all that is under way or waits, now: as not delivered, because of `why`.
  void give_up(const std::string& why);

 private:
  class TargetQueue;
  std::vector<std::unique_ptr<TargetQueue>> queues_;
};

}  // namespace pushmetrics
