#include "job/supervisor.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

Outcome run(JobSpec spec) {
  // A supervisor blocks signals for the rest of its process' life; the next job here is not to inherit that.
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  EventLoop loop;
  spec.environment = {std::string("PATH=") + std::getenv("PATH")};
  Supervisor supervisor(loop, std::move(spec));
  supervisor.start();
  loop.run_until([&] { return supervisor.outcome().has_value(); });
  return *supervisor.outcome();
}

}  // namespace

TEST_CASE("a job's exit code is its status") {
  for (const int code : {0, 1, 3, 124, 127, 255}) {
    const Outcome outcome = run({{"sh", "-c", "exit " + std::to_string(code)}});
    CHECK(outcome.ending == Outcome::Ending::exited);
    CHECK(outcome.status() == code);
  }
}

TEST_CASE("a death by signal is 128+n") {
  const Outcome outcome = run({{"sh", "-c", "kill -KILL $$"}});
  CHECK(outcome.ending == Outcome::Ending::killed);
  CHECK(outcome.number == SIGKILL);
  CHECK(outcome.status() == 137);
  CHECK(outcome.describe() == "was killed by SIGKILL");
}

TEST_CASE("what is not there is 127, what cannot be executed is 126") {
  CHECK(run({{"/nowhere/at/all"}}).status() == 127);
  CHECK(run({{"no-such-command-anywhere"}}).status() == 127);
  CHECK(run({{"/etc/passwd"}}).status() == 126);
  CHECK(run({{"/"}}).describe() == "cannot be executed: Permission denied");
}

TEST_CASE("a time limit ends the job, and KILL one that does not heed it") {
  JobSpec heeding{{"sleep", "60"}};
  heeding.time_limit = 20ms;
  const Outcome heeded = run(heeding);
  CHECK(heeded.timed_out);
  CHECK(heeded.status() == 128 + SIGTERM);

  JobSpec deaf{{"sh", "-c", "trap '' TERM; while :; do sleep 60; done"}};
  deaf.time_limit = 100ms;
  deaf.kill_after = 50ms;
  const Outcome killed = run(deaf);
  CHECK(killed.timed_out);
  CHECK(killed.status() == 128 + SIGKILL);
  CHECK(killed.took < 30s);
}

TEST_CASE("a job is supervised without a descriptor to spare") {
  rlimit given{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &given) == 0);
  const rlimit few{32, given.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  std::vector<Descriptor> all;  // closed in the job, which needs some
  for (int fd = 0; (fd = ::fcntl(0, F_DUPFD_CLOEXEC, 3)) >= 0;) all.emplace_back(fd);
  const Outcome outcome = run({{"sh", "-c", "exit 7"}});
  CHECK(::setrlimit(RLIMIT_NOFILE, &given) == 0);
  CHECK(outcome.status() == 7);
}

TEST_CASE("the times and resources are the job's") {
  const Outcome outcome = run({{"sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.05"}});
  CHECK(outcome.took >= 50ms);
  CHECK(outcome.ended >= outcome.started + 50ms);
  CHECK(outcome.resources.user + outcome.resources.system > 0ms);
  CHECK(outcome.resources.user + outcome.resources.system <= 2 * outcome.took);
  CHECK(outcome.resources.max_resident_bytes > 100'000);
}

TEST_CASE("signals are known by name and number") {
  CHECK(*parse_signal("TERM") == SIGTERM);
  CHECK(*parse_signal("sigint") == SIGINT);
  CHECK(*parse_signal("9") == 9);
  for (const char* text : {"", "SIG", "0", "65", "-1", "TERMS", "9x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_signal(text));
  }
}
