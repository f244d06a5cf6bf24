#include "cli/secret_file.hpp"

#include "support/descriptor.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace pushmetrics {
namespace {

/// Without the line's end. A descriptor that does not block.
Result<std::string> read_first_line(int fd) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t limit = 64 << 10;
  constexpr std::chrono::seconds patience(2);
  const auto until = Clock::now() + patience;
  std::string text;
  while (text.find('\n') == std::string::npos) {
    if (text.size() > limit) return Failure{"its first line is longer than 64 KiB"};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return Failure{"nothing came out of it within 2s"};
    pollfd readable{fd, POLLIN, 0};
    char piece[4096];
    const ssize_t count =
        ::poll(&readable, 1, static_cast<int>(left.count())) > 0 ? ::read(fd, piece, sizeof piece) : -1;
    if (count == 0) break;
    if (count > 0)
      text.append(piece, static_cast<std::size_t>(count));
    else if (readable.revents != 0 && errno != EINTR && errno != EAGAIN)
      return Failure{::strerror(errno)};
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::string read_secret_file(const std::string& path, std::vector<std::string>& problems) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  const bool is_open = file && ::fstat(file.get(), &status) == 0;
  const auto line = is_open ? read_first_line(file.get()) : Failure{::strerror(errno)};
  if (!line) {
    problems.push_back(concat({path, " cannot be read: ", line.error()}));
    return {};
  }
  if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
    problems.push_back(concat({"other users can read the secret in ", path, ": chmod 600 it"}));
  const std::string_view secret = trim(*line);
  if (secret.empty()) problems.push_back(concat({path, " holds no secret"}));
  return std::string(secret);
}

}  // namespace pushmetrics
