#pragma once

#include "app/console.hpp"
#include "delivery/outbox.hpp"
#include "support/event_loop.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// The pushes that a gateway refused as inconsistent, to be explained once all else is done.
class Refusals {
 public:
  /// Keeps it, if the server answered 400.
  void add(const Dispatch& dispatch, const Push& push);

  /// Asks those gateways what is in the way, and tells it, each sentence after `job_words`. Takes no longer
  /// than what `push_timeout` leaves, and never longer than two seconds.
  void explain(EventLoop& loop, Duration push_timeout, const Console& console, const std::string& job_words);

 private:
  struct Refused {
    const Target* target;
    Push push;
    Duration took;
  };
  std::vector<Refused> refused_;
};

}  // namespace pushmetrics
