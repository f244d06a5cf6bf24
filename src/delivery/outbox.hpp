#pragma once

#include "delivery/delivery_queue.hpp"
#include "delivery/spool.hpp"

#include <functional>
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
  /// Of the push itself, or of the one before it that kept it waiting.
  Delivery delivery;
  /// Why it is not even in the spool; empty where there is none.
  std::string spool_error;

  /// Why it was not delivered, and where it is now: `http://gw:9091: connection refused (...); the push
  /// waits and goes out with the next one, or by: ...`.
  std::string describe() const;
  std::string spool_directory;
};

/// Brings pushes to the targets and keeps what cannot be delivered. What waits for a target goes first, so
/// that the order within a group holds whichever process delivers.
class Outbox {
 public:
  using OnResult = std::function<void(const PushResult&)>;
  /// Told of pushes that waited: whole sentences on what is lost, or delivered late.
  struct Listener {
    std::function<void(const std::string&)> lost;
    std::function<void(const std::string&)> delivered;
  };

  /// Without a spool, what cannot be delivered is lost. `targets` must outlive the outbox.
  Outbox(EventLoop& loop, const std::vector<Target>& targets, RetryPolicy policy, std::optional<Spool> spool,
         Listener listener);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Calls `on_result` once for each target, within one budget, what waited there before included.
  void send(Push push, const OnResult& on_result);
  void send_to(const Target& target, SharedPush push, OnResult on_result);
  /// Past the spool: what would mean nothing later.
  void send_unspooled(Push push, const DeliveryQueue::OnDelivery& on_delivery);
  /// Delivers what waits for a target, and then calls `done`: with what failed, or null when nothing waits
  /// any more.
  void flush(const Target& target, std::function<void(const Delivery* failed)> done);

  bool idle() const;
  /// Ends what is under way; what can be spooled is.
  void give_up(const std::string& why);

 private:
  class Backlog;

  using Deadline = std::optional<EventLoop::Clock::time_point>;
  void send_own(const Target& target, const SharedPush& push, Deadline deadline, OnResult on_result);
  void send_behind(const Target& target, SharedPush push, OnResult on_result);
  void keep(const Push& push, Delivery delivery, const OnResult& on_result);
  void report_discarded(const std::vector<std::string>& sentences) const;
  void begin_backlog(const Target& target, Descriptor lock, Deadline deadline,
                     std::function<void(const Delivery* failed)> done);

  EventLoop& loop_;
  const std::vector<Target>& targets_;
  Duration budget_;
  DeliveryQueue courier_;
  std::optional<Spool> spool_;
  Listener listener_;
  std::vector<std::shared_ptr<Backlog>> backlogs_;
};

}  // namespace pushmetrics
