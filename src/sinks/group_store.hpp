#pragma once

#include "pushgateway/group_snapshot.hpp"
#include "sinks/sink.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pushmetrics {

/// What a target holds.
struct Listing {
  std::vector<GroupSnapshot> groups;
  /// The target's clock, where it tells the time; ours elsewhere.
  std::chrono::system_clock::time_point now;
};

/// The groups at one target, to be seen and to be deleted. Each call tries once, until `deadline` at the
/// latest, and calls `done` once: perhaps before it returns.
class GroupStore {
 public:
  using OnListing = std::function<void(AttemptResult, Listing)>;
  using Done = Sink::Done;

  virtual ~GroupStore() = default;

  /// `prefix` begins the names of the metrics of `pushmetrics run`. A listing that could not be read whole is
  /// none: its verdict says why.
  virtual std::unique_ptr<Attempt> list(const std::string& prefix, EventLoop::Clock::time_point deadline,
                                        OnListing done) = 0;
  /// Deletes exactly this group; one that is not there is deleted already.
  virtual std::unique_ptr<Attempt> remove(const GroupLabels& labels, EventLoop::Clock::time_point deadline,
                                          Done done) = 0;
  /// Deletes everything.
  virtual std::unique_ptr<Attempt> wipe(EventLoop::Clock::time_point deadline, Done done) = 0;
};

}  // namespace pushmetrics
