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

/// Opens /dev/null on those of the descriptors 0, 1 and 2 that are closed, so that none of our sockets or
/// files takes their place and receives output meant for a terminal. Reading 0 and writing 1 and 2 still
/// fail.
void occupy_standard_descriptors();

/// Locks a file (flock(2)) that nobody needs for long. False if others keep it for a quarter of a second:
/// they may have been stopped, and nobody is to wait for that.
bool lock_soon(int fd);

/// Writes all of `text` to a descriptor. Returns false on failure, with the reason in errno.
bool write_all(int fd, std::string_view text);

}  // namespace pushmetrics
