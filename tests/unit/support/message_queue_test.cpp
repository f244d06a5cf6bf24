#include "support/message_queue.hpp"

#include "support/descriptor.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

/// Standard error is a pipe while this lives.
class PipedStandardError {
 public:
  PipedStandardError() : saved_(::dup(STDERR_FILENO)) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader_ = Descriptor(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    ::fcntl(reader_.get(), F_SETFL, O_NONBLOCK);
  }
  ~PipedStandardError() { ::dup2(saved_.get(), STDERR_FILENO); }

  void fill() const {
    const std::string page(4096, 'x');
    ::fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    while (::write(STDERR_FILENO, page.data(), page.size()) > 0) continue;
    ::fcntl(STDERR_FILENO, F_SETFL, 0);
  }

  /// Of one page; what is written then stays.
  bool make_room() const {
    char page[4096];
    return ::read(reader_.get(), page, sizeof page) == sizeof page;
  }

  std::string read() const {
    std::string text;
    char piece[65536];
    for (ssize_t count = 0; (count = ::read(reader_.get(), piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(count));
    std::erase(text, 'x');
    return text;
  }

 private:
  Descriptor saved_;
  Descriptor reader_;
};

bool never() { return false; }

}  // namespace

TEST_CASE("a message is written at once where somebody reads") {
  const PipedStandardError pipe;
  EventLoop loop;
  const MessageQueue queue(loop);
  write_message("one\n");
  write_message("two\n");
  CHECK(pipe.read() == "one\ntwo\n");
}

TEST_CASE("a full pipe holds nothing up, and gets its messages in order once it is read") {
  const PipedStandardError pipe;
  pipe.fill();
  EventLoop loop;
  MessageQueue queue(loop);
  write_message("one\n");
  write_message("two\n");
  std::string read;
  loop.call_at(EventLoop::Clock::now() + 30ms, [&] { read = pipe.read(); });
  queue.drain(10s, never);
  CHECK(read.empty());
  CHECK(pipe.read() == "one\ntwo\n");
  CHECK((::fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE(
    "messages that nobody reads are waited for no longer than the patience, or until somebody asks to end") {
  const PipedStandardError pipe;
  pipe.fill();
  EventLoop loop;
  MessageQueue queue(loop);
  write_message("unread\n");
  const auto began = EventLoop::Clock::now();
  queue.drain(20ms, never);
  queue.drain(60s, [] { return true; });
  CHECK(EventLoop::Clock::now() - began < 30s);
}

TEST_CASE("without a queue, a descriptor that somebody made non-blocking is waited for") {
  const PipedStandardError pipe;
  pipe.fill();
  ::fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
  const pid_t reader = ::fork();
  if (reader == 0) {
    ::usleep(30000);
    ::_exit(pipe.make_room() ? 0 : 1);
  }
  write_message("late\n");
  int status = -1;
  REQUIRE(::waitpid(reader, &status, 0) == reader);
  CHECK(status == 0);
  CHECK(pipe.read() == "late\n");
}
