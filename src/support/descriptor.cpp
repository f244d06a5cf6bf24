#include "support/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace pushmetrics {

void Descriptor::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void occupy_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // open(2) gives the lowest free number, which is fd, as all below it are taken by now.
    if (::open("/dev/null", O_RDWR | O_CLOEXEC) < 0) return;
  }
}

}  // namespace pushmetrics
