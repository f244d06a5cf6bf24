#pragma once

#include "delivery/backlog.hpp"
#include "delivery/new_push.hpp"
#include "support/result.hpp"

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// What became of a push to one target.
struct PushResult {
  enum class Status {
    delivered,
    spooled,  ///< kept, and delivered later
    discarded
  };
  Status status = Status::discarded;
  const Target* target = nullptr;
  DeliveryResult delivery;
  /// Why it is not even in the spool, or not safely; empty where there is none.
  std::string spool_error;
  std::string spool_directory;

  /// Why it was not delivered, what has become of it, and what to do: `not pushed to http://gw:9091: connection refused
  /// (4 attempts in 1.4s); spooled`.
  Failure failure() const;
};

/// Delivers pushes to the targets, keeps in the spool what cannot be delivered now, and delivers what waits there. A
/// new push goes first, see NewPush; then, for a moment and within its budget, what waits for the same target.
class Outbox {
 public:
  using Time = EventLoop::Clock::time_point;
  using OnResult = std::function<void(const PushResult&)>;

  /// Without a spool, what cannot be delivered is discarded. `targets` must outlive the outbox.
  Outbox(EventLoop& loop, const std::vector<Target>& targets, RetryPolicy policy, std::optional<Spool> spool,
         SpoolListener listener);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Calls `on_result` once for each target, by `deadline` or what the policy has for one push; not before this has
  /// returned.
  void send(Push push, const OnResult& on_result, std::optional<Time> deadline = std::nullopt);
  void send_to(const Target& target, SharedPush push, OnResult on_result,
               std::optional<Time> deadline = std::nullopt);
  /// Past the spool: what would mean nothing later.
  void send_unspooled(Push push, const DeliveryQueue::OnDelivery& on_delivery);
  /// Delivers all that waits for a target, each push with a budget of its own.
  void flush(const Target& target, Backlog::Done done);

  bool idle() const;
  /// Ends what is under way; what can be spooled is.
  void give_up(const std::string& why);

 private:
  void end_push(std::list<std::unique_ptr<NewPush>>::iterator place, const NewPush::Result& ended,
                const OnResult& on_result);
  void keep(const Push& push, PushResult& result) const;
  void deliver_waiting(const NewPush& push, Backlog::Groups passed_over);
  void begin_backlog(WaitingPushes pushes, FileLock lock, Backlog::Limits limits, Backlog::Groups passed_over,
                     Backlog::Done done);
  void warn_of_missing_locks(const FileLock& lock);

  EventLoop& loop_;
  const std::vector<Target>& targets_;
  RetryPolicy policy_;
  DeliveryQueue queue_;
  std::optional<Spool> spool_;
  SpoolListener listener_;
  std::list<std::unique_ptr<NewPush>> new_pushes_;
  std::list<std::unique_ptr<Backlog>> backlogs_;
  /// Of flush(), for the right to deliver.
  std::list<std::unique_ptr<FileLockWait>> waits_;
  bool has_warned_of_locks_ = false;
};

}  // namespace pushmetrics
