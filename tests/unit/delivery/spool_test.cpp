#include "delivery/spool.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

const std::string gateway = "http://gw:9091";

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pushmetrics-spool-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

Push push(const std::string& job, const std::string& body, PushMode mode = PushMode::add) {
  return {*GroupingKey::make(job, {{"path", "/a b"}}), mode, body,
          std::chrono::system_clock::time_point(1700000000s)};
}

std::vector<std::string> bodies(const Spool& spool) {
  std::vector<std::string> found;
  std::vector<std::string> problems;
  for (const Spool::Item& item : spool.waiting(gateway))
    if (const auto entry = spool.read(item, problems)) found.push_back(entry->push.body);
  CHECK(problems.empty());
  return found;
}

void store(Spool& spool, const Push& what) {
  std::vector<std::string> dropped;
  REQUIRE(spool.store(gateway, what, dropped));
  CHECK(dropped.empty());
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("an entry is read back as it was written") {
  const SpoolEntry entry{
      gateway, push("a/b\n%", "# TYPE a gauge\na{x=\"\n\"} 1\n", PushMode::replace), {"a", "b"}};
  const auto read = read_spool_entry(write_spool_entry(entry));
  REQUIRE(read);
  CHECK(read->target == gateway);
  CHECK(read->push.group == entry.push.group);
  CHECK(read->push.mode == PushMode::replace);
  CHECK(read->push.body == entry.push.body);
  CHECK(read->push.when == entry.push.when);
  CHECK(read->families == entry.families);
}

TEST_CASE("an entry that was cut or changed anywhere is not taken for a good one") {
  const std::string text = write_spool_entry({gateway, push("job", "# TYPE a gauge\na 1\n"), {"a"}});
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(read_spool_entry(text.substr(0, length)));
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CAPTURE(at);
    CHECK_FALSE(read_spool_entry(changed));
  }
  CHECK_FALSE(read_spool_entry(text + "x"));
  CHECK(read_spool_entry("pushmetrics-spool 2\n").error() == "it is of a later version of pushmetrics");
}

TEST_CASE("an entry without samples is read back, too") {
  const auto read = read_spool_entry(write_spool_entry({gateway, push("job", "", PushMode::replace), {}}));
  REQUIRE(read);
  CHECK(read->push.body.empty());
  CHECK(read->families.empty());
}

TEST_CASE("family names are those that have samples") {
  CHECK(family_names("# TYPE s summary\ns{quantile=\"1\"} 1\ns_sum 1\ns_count 1\nb 2\nb{x=\"1\"} 3\n") ==
        Strings{"s", "b"});
  CHECK(family_names("# TYPE a gauge\na 1\nab 2\na_sum 3\n") == Strings{"a", "ab", "a_sum"});
  CHECK(family_names("# TYPE a gauge\n# HELP b\nc 1\n") == Strings{"c"});
}

TEST_CASE("what waits is handed out oldest first") {
  const Folder folder;
  Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  store(spool, push("two", "a 2\n"));
  store(spool, push("one", "b 3\n"));
  CHECK(bodies(spool) == Strings{"a 1\n", "a 2\n", "b 3\n"});
  CHECK(spool.targets() == Strings{gateway});
  CHECK(spool.waiting("http://other").empty());
}

TEST_CASE("what a newer push of the group replaces whole is dropped") {
  const Folder folder;
  Spool spool(folder.path, {});
  store(spool, push("one", "a 1\nb 1\n"));
  store(spool, push("two", "a 2\n"));
  store(spool, push("one", "a 3\n"));  // leaves b as it was
  CHECK(bodies(spool).size() == 3);
  store(spool, push("one", "b 4\na 4\n"));
  CHECK(bodies(spool) == Strings{"a 2\n", "b 4\na 4\n"});
  store(spool, push("one", "c 5\n", PushMode::replace));
  CHECK(bodies(spool) == Strings{"a 2\n", "c 5\n"});
  store(spool, push("one", "c 6\n"));  // the replacement also empties the group: it stays
  CHECK(bodies(spool) == Strings{"a 2\n", "c 5\n", "c 6\n"});
}

TEST_CASE("entries are private, and hold no more than they say") {
  const Folder folder;
  Spool spool(folder.path + "/made/on/demand", {});
  store(spool, push("one", "a 1\n"));
  struct stat status {};
  REQUIRE(::stat(spool.waiting(gateway).at(0).path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  REQUIRE(::stat(spool.directory().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
}

TEST_CASE("over its size, the spool drops the oldest and says so") {
  const Folder folder;
  Spool spool(folder.path, {2000, 1h});
  std::vector<std::string> dropped;
  for (int i = 0; i < 20; ++i)
    REQUIRE(spool.store(gateway, push("job" + std::to_string(i), "a 1\n"), dropped));
  const auto left = spool.waiting(gateway);
  CHECK(left.size() + dropped.size() == 20);
  CHECK(left.size() >= 5);
  CHECK(dropped.at(0).find("job 'job0'") != std::string::npos);
  CHECK(dropped.at(0).find("the spool is full") != std::string::npos);
  CHECK_FALSE(spool.store(gateway, push("large", std::string(3000, '#') + "\na 1\n"), dropped));
  CHECK(spool.waiting(gateway).size() == left.size());
}

TEST_CASE("what waited too long is dropped and named") {
  const Folder folder;
  Spool spool(folder.path, {1 << 20, 1h});
  store(spool, push("old", "a 1\n"));
  const timespec past[2] = {{::time(nullptr) - 7200, 0}, {::time(nullptr) - 7200, 0}};
  REQUIRE(::utimensat(AT_FDCWD, spool.waiting(gateway).at(0).path.c_str(), past, 0) == 0);
  std::vector<std::string> dropped;
  spool.drop_old(gateway, dropped);
  CHECK(spool.waiting(gateway).empty());
  REQUIRE(dropped.size() == 1);
  CHECK(dropped[0].find("older than 1h") != std::string::npos);
}

TEST_CASE("a damaged entry is set aside and named, and holds up nothing") {
  const Folder folder;
  Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  store(spool, push("two", "a 2\n"));
  const auto items = spool.waiting(gateway);
  std::ofstream(items[0].path, std::ios::app) << "garbage";
  std::ofstream(std::filesystem::path(items[0].path).parent_path() / "foreign.txt") << "not ours";
  std::vector<std::string> problems;
  CHECK_FALSE(spool.read(items[0], problems));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("it is damaged; it is set aside as ") != std::string::npos);
  CHECK(bodies(spool) == Strings{"a 2\n"});
}

TEST_CASE("one process at a time delivers for a target") {
  const Folder folder;
  Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  auto lock = spool.lock_for_delivery(gateway);
  REQUIRE(lock);
  CHECK_FALSE(spool.lock_for_delivery(gateway));
  lock.reset();
  CHECK(spool.lock_for_delivery(gateway));
}

TEST_CASE("where nothing can be written, the reason is told and nothing is left behind") {
  const Folder folder;
  std::ofstream(folder.path + "/file") << "in the way";
  Spool spool(folder.path + "/file/spool", {});
  std::vector<std::string> dropped;
  const auto stored = spool.store(gateway, push("one", "a 1\n"), dropped);
  REQUIRE_FALSE(stored);
  CHECK(stored.error().find("Not a directory") != std::string::npos);
}

TEST_CASE("many processes at once lose nothing") {
  const Folder folder;
  constexpr int processes = 50;
  for (int i = 0; i < processes; ++i) {
    if (::fork() != 0) continue;
    Spool spool(folder.path, {});
    std::vector<std::string> dropped;
    const bool stored =
        static_cast<bool>(spool.store(gateway, push("job" + std::to_string(i), "a 1\n"), dropped));
    ::_exit(stored ? 0 : 1);
  }
  for (int i = 0; i < processes; ++i) {
    int status = 0;
    REQUIRE(::wait(&status) > 0);
    CHECK(status == 0);
  }
  CHECK(bodies(Spool(folder.path, {})).size() == processes);
}

TEST_CASE("a writer killed at any moment leaves whole entries only") {
  const Folder folder;
  for (int round = 0; round < 40; ++round) {
    std::array<int, 2> stored{};
    REQUIRE(::pipe2(stored.data(), O_CLOEXEC) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      Spool spool(folder.path, {});
      std::vector<std::string> dropped;
      for (int i = 0;; ++i) {
        static_cast<void>(spool.store(gateway, push("job" + std::to_string(i % 7), "a 1\n"), dropped));
        if (i == 0) static_cast<void>(::write(stored[1], "1", 1));
      }
    }
    char once = 0;
    CHECK(::read(stored[0], &once, 1) == 1);
    ::usleep(static_cast<useconds_t>(round * 137));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ::close(stored[0]);
    ::close(stored[1]);
  }
  Spool spool(folder.path, {});
  CHECK(!bodies(spool).empty());
  CHECK(spool.lock_for_delivery(gateway));
  // A killed writer may leave an entry beside the one that it replaces; whoever stores next removes both.
  std::vector<std::string> dropped;
  for (int i = 0; i < 7; ++i)
    REQUIRE(spool.store(gateway, push("job" + std::to_string(i), "a 1\n"), dropped));
  CHECK(bodies(spool).size() == 7);
}
