#include "support/event_loop.hpp"

#include "support/descriptor.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    REQUIRE(::pipe(fds.data()) == 0);
    read = Descriptor(fds[0]);
    write = Descriptor(fds[1]);
  }
  Descriptor read, write;
};

const auto never = [] { return false; };

}  // namespace

TEST_CASE("timers run in the order of their times, equal ones in the order of their making") {
  EventLoop loop;
  std::string order;
  const auto now = EventLoop::Clock::now();
  loop.call_at(now + 2ms, [&] { order += 'c'; });
  loop.call_at(now, [&] { order += 'a'; });
  loop.call_at(now, [&] { order += 'b'; });
  loop.run_until(never);
  CHECK(order == "abc");
}

TEST_CASE("a cancelled timer does not run, even when it is cancelled by one due at the same time") {
  EventLoop loop;
  bool ran = false;
  const auto now = EventLoop::Clock::now();
  EventLoop::TimerId victim = EventLoop::no_timer;
  loop.call_at(now, [&] { loop.cancel(victim); });
  victim = loop.call_at(now, [&] { ran = true; });
  loop.run_until(never);
  CHECK_FALSE(ran);
}

TEST_CASE("a watch may remove itself and others from its own callback") {
  EventLoop loop;
  Pipe one, two;
  int calls = 0;
  const auto remove_both = [&](short events) {
    CHECK((events & POLLIN) != 0);
    ++calls;
    loop.unwatch(one.read.get());
    loop.unwatch(two.read.get());
  };
  loop.watch(one.read.get(), POLLIN, remove_both);
  loop.watch(two.read.get(), POLLIN, remove_both);
  REQUIRE(::write(one.write.get(), "x", 1) == 1);
  REQUIRE(::write(two.write.get(), "x", 1) == 1);
  loop.run_until(never);
  CHECK(calls == 1);
}
