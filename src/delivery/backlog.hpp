#pragma once

#include "delivery/waiting_pushes.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace pushmetrics {

/// Delivers what waits in the spool for one target: of each group the oldest first, several groups at a time. A push
/// that fails holds up its group only; the whole ends early only where no connection can be made.
class Backlog {
 public:
  using Time = EventLoop::Clock::time_point;
  /// As Spool::group_hash() has them.
  using Groups = std::unordered_set<std::uint64_t>;

  struct Limits {
    /// Of each push.
    RetryPolicy policy;
    /// When no further push is begun, and when what is under way is given up.
    Time begin_until = Time::max();
    Time end_by = Time::max();
  };

  struct Result {
    /// How many pushes still wait.
    std::size_t waiting = 0;
    /// Why it ended early: no connection could be made.
    std::optional<DeliveryResult> unreachable = std::nullopt;
    /// Why it could not begin, or go on.
    std::string problem = {};
  };
  using Done = std::function<void(Result)>;

  /// Calls `done` once, not before it has returned. `lock` is released then. Groups in `passed_over` are not tried. The
  /// loop must outlive it.
  Backlog(EventLoop& loop, WaitingPushes pushes, FileLock lock, Limits limits, Groups passed_over, Done done);
  ~Backlog();
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;

  /// Ends what is under way, and goes no further.
  void stop();

 private:
  /// One delivery under way, and then the next of the same group.
  struct Lane {
    bool is_busy = false;
    std::uint64_t group = 0;
    std::uint64_t number = 0;
    std::optional<StoredEntry> stored = std::nullopt;
    FileLock lock = {};
    std::unique_ptr<FileLockWait> wait = nullptr;
    std::unique_ptr<RetryLoop> delivery = nullptr;
  };

  bool may_begin() const;
  void schedule();
  void step();
  bool load();
  void put_failed_last();
  void place(std::uint64_t number, std::uint64_t group);
  void begin(Lane& lane);
  void deliver(Lane& lane);
  void end_delivery(Lane& lane, RetryResult result);
  void leave_group(Lane& lane);
  bool take_next(Lane& lane);
  void free(Lane& lane);
  std::optional<StoredEntry> read(std::uint64_t number);
  std::uint64_t group_in_log(std::uint64_t number) const;
  void finish();

  EventLoop& loop_;
  WaitingPushes pushes_;
  FileLock lock_;
  Limits limits_;
  Done done_;

  /// Of the log, by number.
  std::vector<SpoolRecord> records_;
  /// Not yet looked at, in the order in which they will be.
  std::deque<std::uint64_t> items_;
  /// Every entry that was looked at: once only, with any result.
  std::unordered_set<std::uint64_t> handled_;
  /// Groups of which nothing further is tried.
  Groups passed_over_;
  /// Behind one of the same group that is under way.
  std::map<std::uint64_t, std::deque<std::uint64_t>> behind_;
  /// As many pushes under way; more do not make a gateway faster.
  std::array<Lane, 4> lanes_;
  Result result_;
  bool is_stopped_ = false;
  EventLoop::TimerId step_ = EventLoop::no_timer;
  EventLoop::TimerId end_ = EventLoop::no_timer;
};

}  // namespace pushmetrics
