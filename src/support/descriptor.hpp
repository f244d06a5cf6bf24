#pragma once

#include <string_view>
#include <utility>

namespace pushmetrics {

/// Owns one file descriptor and closes it.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  void reset();

 private:
  int fd_ = -1;
};

/// Opens /dev/null on whichever of the descriptors 0, 1 and 2 are closed, so that no socket or file of ours
/// ever takes their place and receives what was meant for a terminal. To read 0 or write 1 and 2 fails as
/// before.
void occupy_standard_descriptors();

/// Locks a file (flock(2)) that nobody needs for long. False if others keep it for a quarter of a second:
/// they may have been stopped, and nobody is to wait for that.
bool lock_soon(int fd);

/// Writes all of `text` to a descriptor. False when that failed (errno tells why).
bool write_all(int fd, std::string_view text);

}  // namespace pushmetrics
