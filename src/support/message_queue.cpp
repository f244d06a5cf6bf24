#include "support/message_queue.hpp"

#include "support/descriptor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <exception>
#include <new>

namespace pushmetrics {
namespace {

constexpr int standard_error = STDERR_FILENO;
/// More than anybody reads; a job's reader that is stuck must not cost memory without end.
constexpr std::size_t limit = std::size_t{1} << 20;

MessageQueue* current = nullptr;

bool is_writable(int fd, std::chrono::milliseconds patience) {
  pollfd writable{fd, POLLOUT, 0};
  return ::poll(&writable, 1, static_cast<int>(patience.count())) > 0;
}

}  // namespace

MessageQueue::MessageQueue(EventLoop& loop) : loop_(loop) { current = this; }

MessageQueue::~MessageQueue() {
  current = nullptr;
  loop_.unwatch(descriptor_);
  if (kind_ == Kind::reopened) ::close(descriptor_);
}

/// Not before the first message: most runs have none.
void MessageQueue::open() {
  struct stat status {};
  if (::fstat(standard_error, &status) != 0) status.st_mode = S_IFREG;
  kind_ = Kind::plain;
  if (S_ISSOCK(status.st_mode)) kind_ = Kind::socket;
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) return;
  const int own = ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_APPEND);
  // Another user's terminal cannot be opened, nor anything without /proc.
  kind_ = own < 0 ? Kind::shared : Kind::reopened;
  if (own >= 0) descriptor_ = own;
}

void MessageQueue::write(std::string_view text) {
  if (kind_ == Kind::unknown) open();
  if (pending_.empty()) text = write_now(text);
  if (!text.empty()) keep(text);
}

/// Returns what the reader did not take.
std::string_view MessageQueue::write_now(std::string_view text) {
  while (!text.empty() && !broken_) {
    const long written = write_piece(text);
    if (written > 0)
      text.remove_prefix(static_cast<std::size_t>(written));
    else if (written == 0 || errno == EAGAIN)
      return text;
    else if (errno != EINTR)
      broken_ = true;
  }
  return {};
}

/// As write(2), but 0 if it would block.
long MessageQueue::write_piece(std::string_view text) {
  if (kind_ == Kind::socket)
    return ::send(standard_error, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (kind_ != Kind::shared) return ::write(descriptor_, text.data(), text.size());
  // A pipe that can be written to takes this much without blocking (pipe(7)).
  if (!is_writable(standard_error, std::chrono::milliseconds(0))) return 0;
  return ::write(standard_error, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

void MessageQueue::keep(std::string_view text) {
  if (pending_.size() + text.size() > limit) return;
  try {
    loop_.watch(descriptor_, POLLOUT, [this](short) { write_pending(); });
    pending_ += text;
  } catch (const std::bad_alloc&) {
    // What cannot be kept may hold up the loop for a moment: it is probably about the lack of memory.
    constexpr std::chrono::milliseconds moment(200);
    if (is_writable(descriptor_, moment)) write_now(text);
  }
}

void MessageQueue::write_pending() {
  pending_.erase(0, pending_.size() - write_now(pending_).size());
  if (pending_.empty()) loop_.unwatch(descriptor_);
}

void MessageQueue::drain(Duration patience, const std::function<bool()>& stop) {
  while (!pending_.empty() && !stop()) {
    const std::size_t before = pending_.size();
    bool is_late = false;
    const auto timer = loop_.call_at(EventLoop::Clock::now() + patience, [&] { is_late = true; });
    loop_.run_until([&] { return is_late || pending_.size() < before || stop(); });
    loop_.cancel(timer);
    if (pending_.size() == before) return;
  }
}

void write_message(std::string_view text) {
  if (current != nullptr)
    current->write(text);
  else
    write_all(standard_error, text);
}

}  // namespace pushmetrics
