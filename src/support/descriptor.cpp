#include "support/descriptor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace pushmetrics {
namespace {

/// Others who have the descriptor, such as a job, may have made it one that does not block.
bool wait_until_writable(int fd) {
  pollfd writable{fd, POLLOUT, 0};
  return ::poll(&writable, 1, -1) > 0 || errno == EINTR;
}

}  // namespace

void Descriptor::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void occupy_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // open(2) returns the lowest free number, which is fd, since all lower ones are taken. It is opened for
    // the opposite direction, so that using it fails as on a closed descriptor.
    if (::open("/dev/null", (fd == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC) < 0) return;
  }
}

bool lock_soon(int fd) {
  constexpr std::chrono::milliseconds enough(250), pause(2);
  const auto end = std::chrono::steady_clock::now() + enough;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN && wait_until_writable(fd)) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace pushmetrics
