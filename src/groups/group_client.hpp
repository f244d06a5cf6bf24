#pragma once

#include "cli/console.hpp"
#include "cli/delivery_options.hpp"
#include "http/http.hpp"
#include "sinks/group_store.hpp"
#include "support/event_loop.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// A target and its groups; null if it cannot list or delete any.
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

/// Accesses the groups of the targets for one subcommand. Waits for each response, and retries within
/// --push-timeout and --retries.
class GroupClient {
 public:
  GroupClient(const DeliveryOptions& options, const Console& console);

  const std::vector<GroupPlace>& places() const { return places_; }
  /// Where the waiting is done, for what else is awaited, such as signals.
  EventLoop& loop() { return loop_; }
  /// Lets no call wait any longer for a response: what has none fails.
  void end_waits() { waits_ = false; }

  Result<Listing> list(const GroupPlace& place, const std::optional<std::string>& prefix = std::nullopt);
  /// Reports each group when it is deleted or fails. If the target becomes unreachable, the remaining groups
  /// are not tried.
  void remove(const GroupPlace& place, const std::vector<GroupSnapshot>& groups,
              const std::function<void(const Removal&)>& on_removal);
  /// The reason for the failure; empty on success.
  std::string wipe(const GroupPlace& place);

 private:
  using Try = std::function<std::unique_ptr<Attempt>(EventLoop::Clock::time_point, Sink::Done)>;
  AttemptResult try_until_done(const Try& once);

  RetryPolicy policy_;
  bool waits_ = true;
  EventLoop loop_;
  HttpClient http_;
  std::vector<Target> targets_;
  std::vector<GroupPlace> places_;
};

}  // namespace pushmetrics
