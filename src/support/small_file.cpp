#include "support/small_file.hpp"

#include "support/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace pushmetrics {

std::string_view read_small_file(const char* path, std::span<char> buffer) {
  const Descriptor file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  const ssize_t length = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
  return {buffer.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

}  // namespace pushmetrics
