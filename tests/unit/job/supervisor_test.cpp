#include "job/supervisor.hpp"

#include "job/execute.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

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
  CHECK(heeded.number == SIGTERM);
  CHECK(heeded.status() == 124);

  JobSpec deaf{{"sh", "-c", "trap '' TERM; while :; do sleep 60; done"}};
  deaf.time_limit = 100ms;
  deaf.kill_after = 50ms;
  const Outcome killed = run(deaf);
  CHECK(killed.timed_out);
  CHECK(killed.number == SIGKILL);
  CHECK(killed.status() == 124);
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

TEST_CASE("without the event loop a job is supervised as well, its time limit included") {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const auto& [command, status] :
       {std::pair("exit 7", 7), std::pair("trap '' TERM; while :; do sleep 60; done", 124)}) {
    EventLoop loop;
    JobSpec spec{{"/bin/sh", "-c", command}};
    spec.time_limit = 300ms;
    spec.kill_after = 20ms;
    Supervisor supervisor(loop, spec);
    supervisor.start();
    supervisor.wait_without_loop();
    CHECK(supervisor.outcome()->status() == status);
  }
}

TEST_CASE("a time limit reaches what left the job's group or stopped itself") {
  for (const char* text :
       {"exec >/dev/null 2>&1; setsid --wait sleep 60", "kill -STOP $$", "kill -TSTP $$; sleep 60"}) {
    JobSpec spec{{"sh", "-c", text}};
    spec.time_limit = 500ms;
    spec.kill_after = 100ms;
    CHECK(run(spec).timed_out);
  }
  JobSpec spec{
      {"sh", "-c", "setsid --wait sh -c 'trap \"exit 9\" TERM; while :; do sleep 0.01; done'; exit $?"}};
  spec.time_limit = 300ms;
  spec.time_limit_signal = SIGTERM;
  CHECK(run(spec).took < 10s);
}

TEST_CASE("a binary of another machine is 126, and a missing interpreter is named") {
  char name[] = "/tmp/pushmetrics-execute-XXXXXX";
  const Descriptor file(::mkostemp(name, 0));
  ::fchmod(file.get(), 0700);
  const auto content = [&](std::string_view text) {
    CHECK(::ftruncate(file.get(), 0) == 0);
    CHECK(::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    // A file that is open for writing cannot be executed.
    return std::string("/bin/cp ") + name + " " + name + ".x; chmod 700 " + name + ".x";
  };
  using namespace std::string_view_literals;
  const std::string copy = std::string(name) + ".x";
  CHECK(std::system(content("\x7f"
                            "ELF\0\0\n"sv)
                        .c_str()) == 0);
  CHECK(run({{copy}}).describe() == "cannot be executed: Exec format error");
  CHECK(std::system(content("exit 6\n"sv).c_str()) == 0);
  CHECK(run({{copy}}).status() == 6);
  CHECK(std::system(content("#! /no/such/shell -e\n"sv).c_str()) == 0);
  CHECK(run({{copy}}).status() == 127);
  CHECK(missing_interpreter(copy) == "/no/such/shell");
  CHECK(missing_interpreter("/nowhere/at/all").empty());
  ::unlink(name);
  ::unlink(copy.c_str());
}
