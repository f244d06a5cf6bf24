#pragma once

#include "cli/console.hpp"
#include "cli/delivery_options.hpp"
#include "http/http.hpp"
#include "sinks/group_store.hpp"
#include "support/event_loop.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pushmetrics {

/// A target, and the groups that it holds: null where it cannot show or delete any.
struct GroupPlace {
  std::string target;
  std::unique_ptr<GroupStore> store;
};

/// How the deletion of one group ended.
struct Removal {
  enum class Outcome { deleted, failed, not_tried };
  const GroupSnapshot* group;
  Outcome outcome;
  /// Why it failed.
  std::string error = {};
};

/// Talks to the targets' groups for one call of a subcommand: waits for each answer, and tries again as
/// --push-timeout and --retries have it.
class GroupClient {
 public:
  GroupClient(const DeliveryOptions& options, const Console& console);

  const std::vector<GroupPlace>& places() const { return places_; }

  Result<Listing> list(const GroupPlace& place, const std::string& prefix = "job_");
  /// Tells of each group as it is deleted, or is not. Once the target cannot be reached, the rest is not
  /// tried.
  void remove(const GroupPlace& place, const std::vector<GroupSnapshot>& groups,
              const std::function<void(const Removal&)>& on_removal);
  /// Why not; empty: done.
  std::string wipe(const GroupPlace& place);

 private:
  using Try = std::function<std::unique_ptr<Attempt>(EventLoop::Clock::time_point, Sink::Done)>;
  AttemptResult try_until_done(const Try& once);

  RetryPolicy policy_;
  EventLoop loop_;
  HttpClient http_;
  std::vector<Target> targets_;
  std::vector<GroupPlace> places_;
};

}  // namespace pushmetrics
