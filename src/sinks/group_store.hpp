#pragma once

#include "pushgateway/group_query.hpp"
#include "pushgateway/group_snapshot.hpp"
#include "sinks/sink.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pushmetrics {

/// The groups of a target.
struct Listing {
  std::vector<GroupSnapshot> groups;
  /// The target's clock if known, else ours.
  std::chrono::system_clock::time_point now;
};

/// Lists and deletes the groups of one target. Each call makes one attempt, until `deadline` at the latest,
/// and calls `done` once, possibly before it returns.
class GroupStore {
 public:
  using OnListing = std::function<void(AttemptResult, Listing)>;
  using Done = Sink::Done;

  virtual ~GroupStore() = default;

  /// The groups that the query wants. An incomplete list is a failure.
  virtual std::unique_ptr<Attempt> list(GroupQuery query, EventLoop::Clock::time_point deadline,
                                        OnListing done) = 0;
  /// Deletes exactly this group; succeeds if it does not exist.
  virtual std::unique_ptr<Attempt> remove(const GroupLabels& labels, EventLoop::Clock::time_point deadline,
                                          Done done) = 0;
  /// Deletes everything.
  virtual std::unique_ptr<Attempt> wipe(EventLoop::Clock::time_point deadline, Done done) = 0;
};

}  // namespace pushmetrics
