#pragma once

#include "job/cgroup.hpp"
#include "job/outcome.hpp"
#include "job/signals.hpp"
#include "support/descriptor.hpp"
#include "support/event_loop.hpp"

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

struct rusage;

namespace pushmetrics {

class Executable;

struct JobSpec {
  /// The program, sought in PATH, and its arguments.
  std::vector<std::string> command;
  /// `NAME=VALUE`, each.
  std::vector<std::string> environment = {};
  std::optional<Duration> time_limit = {};
  int time_limit_signal = SIGTERM;
  /// From the time limit's signal to SIGKILL.
  Duration kill_after = std::chrono::seconds(10);
};

/// Runs one job and learns how it ended.
///
/// Where there is a controlling terminal, the job stays in this process' group, as under time(1): the
/// terminal's signals reach it directly, and pipelines, Ctrl-Z and `fg` work as they do without a wrapper.
/// Elsewhere (cron, CI, containers) it gets a group of its own, so that a signal to pushmetrics' group is
/// handed on just once, and a time limit reaches all of the job.
///
/// Should pushmetrics be killed by SIGKILL, which cannot be handed on, the kernel sends the job a SIGTERM: no
/// job goes on that nobody watches.
class Supervisor {
 public:
  Supervisor(EventLoop& loop, JobSpec spec);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Spawns the job. That the command cannot be executed is an outcome, not an error. Throws nothing once the job runs.
  void start();

  /// Supervises the job to its end without the event loop, and without memory: for when the loop has failed.
  void wait_without_loop();

  /// When the job was spawned.
  std::chrono::system_clock::time_point started() const { return pending_.started; }

  /// The OOM kills in the job's cgroup before it started; nothing: nothing counts them.
  const std::optional<OomKillCount>& oom_kills_before() const { return oom_kills_before_; }

  /// Set once the job has ended.
  const std::optional<Outcome>& outcome() const { return outcome_; }

  /// The interpreter that the command names, where that is what was not found; or empty.
  const std::string& interpreter_not_found() const { return missing_interpreter_; }

  /// Called for SIGTERM, SIGINT, SIGHUP or SIGQUIT when there is no job any more to hand it to: whoever sent
  /// it wants pushmetrics to come to its end.
  void when_asked_to_end(std::function<void()> callback) { asked_to_end_ = std::move(callback); }

 private:
  enum class Group { shared, own };

  int spawn(Executable& executable);
  void begin_oom_count();
  void watch_signals();
  void poll_signals_soon();
  void read_signals();
  void take_signal(int number, int code, pid_t sender);
  void forward(int number, int code, pid_t sender);
  void update_job_state();
  void on_stopped(int number);
  void stop_along();
  void on_ended(int wait_status, const rusage& usage);
  void finish(Outcome::Ending ending, int number);
  void await_time_limit(EventLoop::Clock::time_point when);
  void enforce_time_limit();
  void signal_whole_job(int number);

  EventLoop& loop_;
  JobSpec spec_;
  SignalState signals_;
  Group group_ = Group::own;
  Descriptor signal_fd_;
  pid_t pid_ = 0;
  EventLoop::Clock::time_point started_;
  /// When the time limit has its next step to take.
  std::optional<EventLoop::Clock::time_point> limit_due_;
  EventLoop::TimerId limit_timer_ = EventLoop::no_timer;
  EventLoop::TimerId poll_timer_ = EventLoop::no_timer;
  /// Somebody sent SIGTSTP here and wants pushmetrics stopped along with the job.
  bool stop_requested_ = false;
  bool job_is_stopped_ = false;
  /// The job was continued by the very signals that are being read.
  bool just_continued_ = false;
  std::string missing_interpreter_;
  std::optional<OomKillCount> oom_kills_before_;
  Outcome pending_;
  std::optional<Outcome> outcome_;
  std::function<void()> asked_to_end_;
};

}  // namespace pushmetrics
