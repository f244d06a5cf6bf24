#include "support/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace pushmetrics {
namespace {

FileLock not_held(int error, bool is_busy) {
  if (is_busy) return {FileLock::State::busy};
  return {FileLock::State::unsupported, {}, ::strerror(error)};
}

}  // namespace

FileLock FileLock::try_whole(Descriptor file) {
  if (!file) return not_held(errno, false);
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    if (errno != EINTR) return not_held(errno, errno == EWOULDBLOCK);
  return {State::held, std::move(file)};
}

FileLock FileLock::try_place(Descriptor file, std::uint64_t place) {
  if (!file) return not_held(errno, false);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(place >> 1);
  lock.l_len = 1;
  while (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0)
    if (errno != EINTR) return not_held(errno, errno == EAGAIN || errno == EACCES);
  return {State::held, std::move(file)};
}

FileLockWait::FileLockWait(EventLoop& loop, EventLoop::Clock::time_point deadline, Try attempt, Done done)
    : loop_(loop), deadline_(deadline), try_(std::move(attempt)), done_(std::move(done)) {
  timer_ = loop_.call_at(EventLoop::Clock::now(), [this] { this->attempt(); });
}

void FileLockWait::give_up() {
  loop_.cancel(std::exchange(timer_, EventLoop::no_timer));
  const Done done = std::move(done_);
  done({FileLock::State::busy});  // which may destroy this
}

void FileLockWait::attempt() {
  constexpr std::chrono::milliseconds pause(5);
  FileLock lock = try_();
  const auto now = EventLoop::Clock::now();
  if (lock.state == FileLock::State::busy && now < deadline_) {
    timer_ =
        loop_.call_at(std::min<EventLoop::Clock::time_point>(now + pause, deadline_), [this] { attempt(); });
    return;
  }
  timer_ = EventLoop::no_timer;
  const Done done = std::move(done_);
  done(std::move(lock));  // which may destroy this
}

}  // namespace pushmetrics
