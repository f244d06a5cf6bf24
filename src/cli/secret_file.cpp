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
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::chrono::seconds patience(2);

/// A line as it arrives on a descriptor that does not block.
class FirstLine {
 public:
  FirstLine(EventLoop& loop, int fd) : loop_(loop), fd_(fd) {
    loop_.watch(fd_, POLLIN, [this](short) { read(); });
    timer_ = loop_.call_at(EventLoop::Clock::now() + patience,
                           [this] { end(Failure{"nothing came out of it within 2s"}); });
  }
  ~FirstLine() {
    loop_.unwatch(fd_);
    loop_.cancel(timer_);
  }
  FirstLine(const FirstLine&) = delete;
  FirstLine& operator=(const FirstLine&) = delete;

  /// Without the line's end.
  Result<std::string> wait() {
    loop_.run_until([this] { return is_over_; });
    if (failure_) return *failure_;
    return text_.substr(0, text_.find('\n'));
  }

 private:
  void read() {
    constexpr std::size_t limit = 64 << 10;
    char piece[4096];
    const ssize_t count = ::read(fd_, piece, sizeof piece);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count < 0) return end(Failure{::strerror(errno)});
    text_.append(piece, static_cast<std::size_t>(count));
    if (text_.size() > limit) return end(Failure{"its first line is longer than 64 KiB"});
    if (count == 0 || text_.find('\n') != std::string::npos) end(std::nullopt);
  }

  void end(std::optional<Failure> failure) {
    is_over_ = true;
    failure_ = std::move(failure);
    loop_.unwatch(fd_);
  }

  EventLoop& loop_;
  int fd_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
  std::string text_;
  bool is_over_ = false;
  std::optional<Failure> failure_;
};

}  // namespace

std::string read_secret_file(EventLoop& loop, const std::string& path, std::vector<std::string>& problems) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  const bool is_open = file && ::fstat(file.get(), &status) == 0;
  const auto line = is_open ? FirstLine(loop, file.get()).wait() : Failure{::strerror(errno)};
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
