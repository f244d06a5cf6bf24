#pragma once

#include "delivery/policy.hpp"
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
  Verdict verdict;
  int attempts = 0;
  Duration took{};

  bool delivered() const { return verdict.kind == Verdict::Kind::delivered; }
  /// `http://gw:9091: connection refused (4 attempts in 2.3s)`.
  std::string words() const;
};

/// Brings pushes to all targets side by side, each with a budget of its own. To one target, pushes go one
/// after the other, in the order in which they were sent.
class Courier {
 public:
  using OnDelivery = std::function<void(const Delivery&)>;

  /// `targets` must outlive the courier.
  Courier(EventLoop& loop, const std::vector<Target>& targets, DeliveryPolicy policy);
  ~Courier();
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

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
  class Route;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace pushmetrics
