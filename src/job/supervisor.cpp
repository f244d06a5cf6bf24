#include "job/supervisor.hpp"

#include "job/execute.hpp"
#include "job/process_tree.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace pushmetrics {
namespace {

/// The null-terminated array that exec(3) takes; valid as long as `strings` is.
std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

Duration to_duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

bool is_job_control_stop(int number) { return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU; }

/// A shell gives what it starts a group of its own only if it has job control: then it sees its child stopped.
bool is_parent_in_other_group() {
  const pid_t parent = ::getppid();
  return ::getpgid(parent) != ::getpgrp() && ::getsid(parent) == ::getsid(0);
}

/// What the terminal sends (SI_KERNEL) goes to all of its foreground group, but for a hang-up: of that,
/// SIGHUP and SIGCONT, the kernel informs the session's leader alone.
bool is_for_whole_group(int number, int code) {
  if (code != SI_KERNEL) return false;
  const bool may_be_hang_up = number == SIGHUP || number == SIGCONT;
  return !may_be_hang_up || ::getsid(0) != ::getpid();
}

bool asks_to_end(int number) {
  return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
}

}  // namespace

Supervisor::Supervisor(EventLoop& loop, JobSpec spec) : loop_(loop), spec_(std::move(spec)) {}

Supervisor::~Supervisor() {
  loop_.cancel(limit_timer_);
  loop_.cancel(poll_timer_);
  if (signal_fd_) loop_.unwatch(signal_fd_.get());
}

/// Whatever can fail comes before the spawn: afterwards, nothing may keep the job from being supervised.
void Supervisor::start() {
  group_ = has_controlling_terminal() ? Group::shared : Group::own;
  const std::vector<char*> argv = pointers_to(spec_.command);
  const std::vector<char*> environment = pointers_to(spec_.environment);
  Executable executable(argv.data(), environment.data());
  watch_signals();

  pending_.started = std::chrono::system_clock::now();
  started_ = EventLoop::Clock::now();
  if (spec_.time_limit) await_time_limit(started_ + *spec_.time_limit);
  const int failure = spawn(executable);

  // Neither a closed pipe on standard error nor a limit of files' sizes must end pushmetrics before it has
  // pushed.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  if (failure == 0) return begin_oom_count();
  finish(failure == ENOENT ? Outcome::Ending::not_found : Outcome::Ending::not_executable, failure);
  if (failure == ENOENT) missing_interpreter_ = missing_interpreter(executable.path());
}

/// Returns 0, or why the job could not be executed. By vfork(2), which costs a fraction of fork(2) and lets
/// the child leave its errno in this process' memory; so the child makes system calls and nothing else.
[[gnu::noinline]] int Supervisor::spawn(Executable& executable) {
  volatile int failure = 0;
  // NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
  const pid_t pid = ::vfork();
  if (pid < 0) return errno;
  if (pid == 0) {
    if (group_ == Group::own) ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    signals_.restore_for_job();
    failure = executable.execute();
    ::_exit(failure == ENOENT ? 127 : 126);  // emulators such as qemu give the child a memory of its own
  }
  // NOLINTEND(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
  pid_ = pid;
  if (failure != 0) ::waitpid(pid, nullptr, 0);
  return failure;
}

/// From here on, as the job could not have used much memory before.
void Supervisor::begin_oom_count() {
  try {
    oom_kills_before_ = count_oom_kills();
  } catch (const std::bad_alloc&) {  // it is not to keep the job from being supervised
  }
}

/// Signals wake the loop through a signalfd; where there is no descriptor left for one, they are looked for
/// now and then, for the job is already running.
void Supervisor::watch_signals() {
  signal_fd_ = Descriptor(::signalfd(-1, &signals_.supervised(), SFD_CLOEXEC | SFD_NONBLOCK));
  if (signal_fd_)
    loop_.watch(signal_fd_.get(), POLLIN, [this](short) { read_signals(); });
  else
    poll_signals_soon();
}

void Supervisor::poll_signals_soon() {
  poll_timer_ = loop_.call_at(EventLoop::Clock::now() + std::chrono::milliseconds(20), [this] {
    poll_signals_soon();
    read_signals();
  });
}

/// The kernel hands out the lowest number first, so that SIGINT and SIGTERM come before the SIGCHLD of the
/// death that they may have caused. What comes after that waits until somebody can be asked to end.
void Supervisor::read_signals() {
  just_continued_ = false;
  constexpr timespec at_once{};
  siginfo_t info{};
  while ((!outcome_ || asked_to_end_) && ::sigtimedwait(&signals_.supervised(), &info, &at_once) > 0)
    take_signal(info.si_signo, info.si_code, info.si_pid);
}

void Supervisor::take_signal(int number, int code, pid_t sender) {
  if (number == SIGCHLD || number == SIGCONT) update_job_state();
  if (number == SIGCHLD) return;
  if (!outcome_)
    forward(number, code, sender);
  else if (asks_to_end(number) && asked_to_end_)
    asked_to_end_();
}

void Supervisor::wait_without_loop() {
  while (!outcome_) {
    timespec timeout{1, 0};
    if (limit_due_) {
      const auto left = std::clamp<EventLoop::Clock::duration>(
          *limit_due_ - EventLoop::Clock::now(), std::chrono::nanoseconds(0), std::chrono::milliseconds(999));
      timeout = {0, static_cast<long>(std::chrono::nanoseconds(left).count())};
    }
    siginfo_t info{};
    just_continued_ = false;
    if (::sigtimedwait(&signals_.supervised(), &info, &timeout) > 0)
      take_signal(info.si_signo, info.si_code, info.si_pid);
    if (!outcome_ && limit_due_ && *limit_due_ <= EventLoop::Clock::now()) enforce_time_limit();
  }
}

void Supervisor::forward(int number, int code, pid_t sender) {
  if (number == SIGTSTP) {
    stop_requested_ = true;
    if (job_is_stopped_) stop_along();
  }
  if (group_ == Group::shared) {
    // Then the job has it already; and so it has what it sent to its group itself.
    if (is_for_whole_group(number, code) || descends_from(sender, pid_)) return;
    // `fg` continues the whole group, too.
    if (number == SIGCONT && just_continued_) return;
  }
  ::kill(pid_, number);
}

/// Learns of the job's stop, continuation and end; as PID 1, reaps the orphans as well.
void Supervisor::update_job_state() {
  const pid_t whom = ::getpid() == 1 ? -1 : pid_;
  int status = 0;
  rusage usage{};
  for (pid_t pid = 0; (pid = ::wait4(whom, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage)) > 0;) {
    if (pid != pid_ || outcome_) continue;
    job_is_stopped_ = WIFSTOPPED(status);
    if (WIFSTOPPED(status))
      on_stopped(WSTOPSIG(status));
    else if (WIFCONTINUED(status))
      just_continued_ = true;
    else
      on_ended(status, usage);
  }
}

/// Stops along with the job where somebody can be counted on to continue both: whoever sent SIGTSTP here, too, by ^Z or
/// kill(1), or a shell that sees its child stopped. A job that stopped itself is left stopped, and a time limit ends it
/// as any other; one stopped by SIGSTOP is left to whoever did that.
void Supervisor::on_stopped(int number) {
  sigset_t pending;
  const bool is_requested =
      stop_requested_ || (::sigpending(&pending) == 0 && ::sigismember(&pending, SIGTSTP) == 1);
  const bool by_terminal = group_ == Group::shared && is_job_control_stop(number);
  if (is_requested ? by_terminal || stop_requested_
                   : by_terminal && !spec_.time_limit && is_parent_in_other_group())
    stop_along();
}

void Supervisor::stop_along() {
  stop_requested_ = false;
  // What asked for the stop must not stop both once more after they were continued.
  constexpr timespec at_once{};
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  ::sigtimedwait(&stop, nullptr, &at_once);
  ::raise(SIGSTOP);
}

void Supervisor::on_ended(int wait_status, const rusage& usage) {
  pending_.resources = {to_duration(usage.ru_utime), to_duration(usage.ru_stime), usage.ru_maxrss * 1024LL};
  if (WIFSIGNALED(wait_status))
    finish(Outcome::Ending::killed, WTERMSIG(wait_status));
  else
    finish(Outcome::Ending::exited, WEXITSTATUS(wait_status));
}

void Supervisor::finish(Outcome::Ending ending, int number) {
  pending_.ended = std::chrono::system_clock::now();
  pending_.took = EventLoop::Clock::now() - started_;
  pending_.ending = ending;
  pending_.number = number;
  if (oom_kills_before_) pending_.oom_kills = oom_kills_since(*oom_kills_before_);
  loop_.cancel(limit_timer_);
  outcome_ = pending_;
}

void Supervisor::await_time_limit(EventLoop::Clock::time_point when) {
  limit_due_ = when;
  limit_timer_ = loop_.call_at(when, [this] { enforce_time_limit(); });
}

void Supervisor::enforce_time_limit() {
  limit_due_.reset();
  if (std::exchange(pending_.timed_out, true)) return signal_whole_job(SIGKILL);
  signal_whole_job(spec_.time_limit_signal);
  // Wakes what is stopped, so that it gets the signal (as timeout(1) does).
  if (spec_.time_limit_signal != SIGKILL) signal_whole_job(SIGCONT);
  await_time_limit(EventLoop::Clock::now() + spec_.kill_after);
}

/// Those that left the job's group are looked for first: of the dead, nobody knows the children.
void Supervisor::signal_whole_job(int number) {
  try {
    std::vector<pid_t> job = process_tree(pid_);
    // The group that is not the job's own may be a shell's pipeline or script as well.
    if (group_ == Group::own) std::erase_if(job, [this](pid_t pid) { return ::getpgid(pid) == pid_; });
    if (group_ == Group::own) ::kill(-pid_, number);
    for (const pid_t pid : job) ::kill(pid, number);
  } catch (const std::bad_alloc&) {
    ::kill(pid_, number);
    if (group_ == Group::own) ::kill(-pid_, number);
  }
}

}  // namespace pushmetrics
