#pragma once

#include "delivery/outbox.hpp"
#include "support/event_loop.hpp"

#include <functional>
#include <string>
#include <vector>

namespace pushmetrics {

/// The pushes that a gateway refused as inconsistent, to be explained once all else is done.
class RejectedPushes {
 public:
  /// Keeps it, if the server answered 400.
  void add(const PushResult& result, const Push& push);

  /// Asks those gateways for the reason, and passes each explanation to `report`. Takes no longer than what
  /// `push_timeout` leaves, and never longer than two seconds.
  void explain(EventLoop& loop, Duration push_timeout, const std::function<void(const std::string&)>& report);

 private:
  struct Rejected {
    const Target* target;
    Push push;
    Duration took;
  };
  std::vector<Rejected> rejected_;
};

}  // namespace pushmetrics
