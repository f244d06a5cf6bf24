#pragma once

#include "delivery/retry_loop.hpp"
#include "delivery/target.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pushmetrics {

/// How the delivery of one push to one target ended.
struct DeliveryResult {
  const Target* target = nullptr;
  AttemptResult last_attempt;
  int attempts = 0;
  Duration took{};
  /// What has not arrived, if a part of the push has; else null.
  SharedPush rest = nullptr;

  bool delivered() const { return last_attempt.kind == AttemptResult::Kind::delivered; }
  /// `http://gw:9091: connection refused (4 attempts in 2.3s)`.
  std::string describe() const;
  /// The same, and what to do about it.
  std::string describe_with_hint() const;
};

/// Delivers pushes to all targets side by side. To one target, they go one after the other, in the order in which they
/// were sent.
class DeliveryQueue {
 public:
  using OnDelivery = std::function<void(const DeliveryResult&)>;

  /// `targets` must outlive the queue.
  DeliveryQueue(EventLoop& loop, const std::vector<Target>& targets, RetryPolicy policy);
  ~DeliveryQueue();
  DeliveryQueue(const DeliveryQueue&) = delete;
  DeliveryQueue& operator=(const DeliveryQueue&) = delete;

  /// To each target, with the time of the policy for each. Calls `on_delivery` once for each, not before this has
  /// returned.
  void send(Push push, const OnDelivery& on_delivery);
  /// To one of the targets, until `deadline`.
  void send_to(const Target& target, SharedPush push, EventLoop::Clock::time_point deadline,
               OnDelivery on_delivery);

  /// Nothing is under way or queued.
  bool idle() const;

  /// Ends all that is under way or queued, now: as not delivered, because of `why`.
  void give_up(const std::string& why);

 private:
  class TargetQueue;

  RetryPolicy policy_;
  std::vector<std::unique_ptr<TargetQueue>> queues_;
};

}  // namespace pushmetrics
