#include "support/event_loop.hpp"

#include <poll.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace pushmetrics {

void EventLoop::watch(int fd, short events, std::function<void(short)> on_ready) {
  watches_[fd] = Watch{events, std::make_shared<std::function<void(short)>>(std::move(on_ready))};
}

void EventLoop::unwatch(int fd) { watches_.erase(fd); }

EventLoop::TimerId EventLoop::call_at(Clock::time_point when, std::function<void()> on_time) {
  const TimerId id = ++last_timer_;
  due_.emplace(id, when);  // first: whatever runs out of memory here, no timer is left that nobody can cancel
  timers_.emplace(Timer{when, id}, std::move(on_time));
  return id;
}

void EventLoop::cancel(TimerId id) {
  const auto due = due_.find(id);
  if (due == due_.end()) return;
  timers_.erase(Timer{due->second, id});
  due_.erase(due);
}

void EventLoop::run_until(const std::function<bool()>& done) {
  while (!done() && !(watches_.empty() && timers_.empty())) {
    wait_once();
    run_due_timers();
  }
}

void EventLoop::wait_once() {
  std::vector<pollfd> fds;
  fds.reserve(watches_.size());
  for (const auto& [fd, watch] : watches_) fds.push_back(pollfd{fd, watch.events, 0});

  timespec timeout{};
  if (!timers_.empty()) {
    const auto left = std::max(Clock::duration::zero(), timers_.begin()->first.when - Clock::now());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    timeout = {seconds.count(), static_cast<long>(std::chrono::nanoseconds(left - seconds).count())};
  }
  if (before_wait_) std::exchange(before_wait_, nullptr)();
  const int ready = ::ppoll(fds.data(), fds.size(), timers_.empty() ? nullptr : &timeout, nullptr);
  if (ready < 0) {
    if (errno == EINTR) return;
    throw std::system_error(errno, std::generic_category(), "ppoll");
  }
  for (const pollfd& fd : fds) {
    if (fd.revents == 0) continue;
    const auto watch = watches_.find(fd.fd);  // gone if an earlier callback removed it
    if (watch == watches_.end()) continue;
    const auto on_ready = watch->second.on_ready;  // keeps the callback alive if it removes its own watch
    (*on_ready)(fd.revents);
  }
}

void EventLoop::run_due_timers() {
  const auto now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.when <= now) {
    const auto node = timers_.extract(timers_.begin());
    due_.erase(node.key().id);
    node.mapped()();
  }
}

}  // namespace pushmetrics
