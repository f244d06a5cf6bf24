#pragma once

#include "delivery/waiting_pushes.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pushmetrics {

/// Delivers one new push to one target, in the order of its group: while it has the group's lock, it delivers what
/// waits of it first. That has a part of the time only. Whatever becomes of it, the push itself is tried; and once it
/// was delivered, nothing that it has replaced is delivered after it.
class NewPush {
 public:
  using Time = EventLoop::Clock::time_point;

  struct Result {
    DeliveryResult delivery;
    /// An older push of the group was tried in vain.
    bool has_older_failed = false;
    /// give_up() was called.
    bool is_given_up = false;
  };
  /// The group is still locked then, until release().
  using Done = std::function<void(const Result&)>;

  /// Calls `done` once, not before start() has returned. `queue`, `target`, `spool` and the loop must outlive it;
  /// `spool` may be null.
  NewPush(EventLoop& loop, DeliveryQueue& queue, const Target& target, SharedPush push, Time deadline,
          const Spool* spool, SpoolListener listener, Done done);
  NewPush(const NewPush&) = delete;
  NewPush& operator=(const NewPush&) = delete;

  const Target& target() const { return target_; }
  const Push& push() const { return *push_; }
  Time deadline() const { return deadline_; }

  void start();
  void give_up(const std::string& why);
  /// Lets others of the group go on.
  void release() { lock_ = {}; }

 private:
  void on_lock(FileLock lock);
  void deliver_older();
  void end_older(std::uint64_t number, RetryResult result);
  void deliver();
  void end(const DeliveryResult& delivery);

  EventLoop& loop_;
  DeliveryQueue& queue_;
  const Target& target_;
  SharedPush push_;
  Time deadline_;
  const Spool* spool_;
  SpoolListener listener_;
  Done done_;

  FileLock lock_;
  std::unique_ptr<FileLockWait> wait_;
  std::optional<WaitingPushes> waiting_;
  /// Entries that wait, of the same group, and are not replaced whole.
  std::deque<std::uint64_t> older_;
  Time older_until_;
  std::optional<StoredEntry> stored_;
  std::unique_ptr<RetryLoop> older_delivery_;
  Result result_;
};

}  // namespace pushmetrics
