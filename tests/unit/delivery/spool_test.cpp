#include "delivery/spool.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>
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

using Strings = std::vector<std::string>;
using Numbers = std::vector<std::uint64_t>;
using Kind = EntryError::Kind;

Numbers numbers(const Spool& spool) {
  const auto folder = spool.open(gateway);
  return folder ? *folder->entries() : Numbers();
}

std::string path_of(const Spool& spool, std::uint64_t number) {
  return spool.open(gateway)->path() + "/" + entry_name(number);
}

/// Of what waits, oldest first.
Strings bodies(const Spool& spool) {
  Strings found;
  for (const std::uint64_t number : numbers(spool)) {
    const auto entry = spool.read(*spool.open(gateway), number);
    REQUIRE(std::holds_alternative<StoredEntry>(entry));
    found.push_back(std::get<StoredEntry>(entry).entry.push.body);
  }
  return found;
}

Kind read_error(const Spool& spool, std::uint64_t number) {
  const auto entry = spool.read(*spool.open(gateway), number);
  REQUIRE(std::holds_alternative<EntryError>(entry));
  return std::get<EntryError>(entry).kind;
}

void store(const Spool& spool, const Push& what) {
  const auto stored = spool.store(gateway, what);
  REQUIRE(stored);
  CHECK(stored->discarded.empty());
}

Push push_at(std::chrono::system_clock::time_point when, const std::string& body) {
  Push made = push("one", body);
  made.when = when;
  return made;
}

Spool::Clock::time_point soon() { return Spool::Clock::now() + 1h; }

void set_age(const std::string& path, std::time_t seconds) {
  const timespec past[2] = {{::time(nullptr) - seconds, 0}, {::time(nullptr) - seconds, 0}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), past, 0) == 0);
}

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
  const Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  store(spool, push("two", "a 2\n"));
  store(spool, push("one", "b 3\n"));
  CHECK(bodies(spool) == Strings{"a 1\n", "a 2\n", "b 3\n"});
  CHECK(spool.find_targets()->names == Strings{gateway});
  CHECK(spool.open("http://other").failure().error_number == ENOENT);
}

TEST_CASE("the order is that in which samples were taken, not that in which pushes were spooled") {
  const Folder folder;
  const Spool spool(folder.path, {});
  const auto now = std::chrono::system_clock::now();
  store(spool, push_at(now - 5s, "a 2\n"));
  store(spool, push_at(now - 10s, "b 1\n"));
  CHECK(bodies(spool) == Strings{"b 1\n", "a 2\n"});
  // One that is replaced by a newer one already is not even written.
  store(spool, push_at(now - 20s, "a 0\n"));
  CHECK(bodies(spool).size() == 2);
}

TEST_CASE("after the clock was set back, the order is that in which pushes were spooled") {
  const Folder folder;
  const Spool spool(folder.path, {});
  const auto now = std::chrono::system_clock::now();
  store(spool, push_at(now, "a 1\n"));
  std::filesystem::rename(path_of(spool, numbers(spool).at(0)), path_of(spool, 4000000000000000000U));
  store(spool, push_at(now, "b 2\n"));
  store(spool, push_at(now - 1h, "c 3\n"));
  CHECK(bodies(spool) == Strings{"a 1\n", "b 2\n", "c 3\n"});
}

TEST_CASE("what a newer push of the group replaces whole is dropped") {
  const Folder folder;
  const Spool spool(folder.path, {});
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

TEST_CASE("what a delivered push has replaced is taken out of what waits") {
  const Folder folder;
  const Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  store(spool, push("one", "# TYPE b gauge\nb 2\n# TYPE c gauge\nc 2\n"));
  store(spool, push("two", "a 3\n"));
  const Push newer = push("one", "a 4\nb 4\n");
  CHECK(spool.older_of_group(*spool.open(gateway), gateway, newer, soon()).size() == 1);
  CHECK(spool.supersede(*spool.open(gateway), gateway, newer, soon()).empty());
  CHECK(bodies(spool) == Strings{"# TYPE c gauge\nc 2\n", "a 3\n"});
}

TEST_CASE("where there is no time to look for what a push has replaced, that is reported") {
  const Folder folder;
  const Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  const auto problems = spool.supersede(*spool.open(gateway), gateway, push("one", "a 2\n"), {});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("1 older pushes that wait for") != std::string::npos);
  CHECK(bodies(spool) == Strings{"a 1\n"});
}

TEST_CASE("what ended later than the delivered push stays whole") {
  const Folder folder;
  const Spool spool(folder.path, {});
  const auto now = std::chrono::system_clock::now();
  store(spool, push_at(now - 1s, "a 2\n"));
  CHECK(spool.supersede(*spool.open(gateway), gateway, push_at(now - 2s, "a 1\n"), soon()).empty());
  CHECK(bodies(spool) == Strings{"a 2\n"});
}

TEST_CASE("entries are private, and hold no more than they say") {
  const Folder folder;
  const Spool spool(folder.path + "/made/on/demand", {});
  const mode_t before = ::umask(0177);
  store(spool, push("one", "a 1\n"));
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat(path_of(spool, numbers(spool).at(0)).c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  REQUIRE(::stat(spool.directory().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
}

TEST_CASE("over its size, the spool discards the oldest and says so") {
  const Folder folder;
  const Spool spool(folder.path, {2000, 1h});
  Strings discarded;
  for (int i = 0; i < 20; ++i) {
    const auto stored = spool.store(gateway, push("job" + std::to_string(i), "a 1\n"));
    REQUIRE(stored);
    discarded.insert(discarded.end(), stored->discarded.begin(), stored->discarded.end());
  }
  const std::size_t left = numbers(spool).size();
  CHECK(left + discarded.size() == 20);
  CHECK(left >= 5);
  CHECK(discarded.at(0).find("job 'job0'") != std::string::npos);
  CHECK(discarded.at(0).find("the spool is full") != std::string::npos);
  CHECK_FALSE(spool.store(gateway, push("large", std::string(3000, '#') + "\na 1\n")));
  CHECK(numbers(spool).size() == left);
}

TEST_CASE("with the clock set back, a full spool discards the oldest all the same") {
  const Folder folder;
  store(Spool(folder.path, {}), push("old", "a 1\n"));
  const std::uint64_t old = numbers(Spool(folder.path, {})).at(0);
  const auto size = std::filesystem::file_size(path_of(Spool(folder.path, {}), old));
  const Spool spool(folder.path, {size * 5 / 2, 1h});
  set_age(path_of(spool, old), -3600);
  store(spool, push("older", "a 1\n"));
  set_age(path_of(spool, numbers(spool).at(1)), -3600);
  const auto stored = spool.store(gateway, push("new", "a 2\n"));
  REQUIRE(stored);
  REQUIRE(stored->discarded.size() == 1);
  CHECK(stored->discarded[0].find("job 'old'") != std::string::npos);
  CHECK(bodies(spool) == Strings{"a 1\n", "a 2\n"});
}

TEST_CASE("what fills the spool without being a push costs none that is one") {
  const Folder folder;
  const Spool spool(folder.path, {10000, 1h});
  store(spool, push("one", "a 1\n"));
  std::ofstream(path_of(spool, 5)) << std::string(20000, 'x');
  const auto stored = spool.store(gateway, push("two", "a 2\n"));
  std::filesystem::remove(spool.open(gateway)->path() + "/order");
  const auto next = spool.store(gateway, push("three", "a 3\n"));
  REQUIRE(next);
  CHECK(bodies(spool) == Strings{"a 1\n", "a 2\n", "a 3\n"});
  CHECK(std::filesystem::exists(spool.open(gateway)->path() + "/00000000000000000005.bad"));
}

TEST_CASE("what waited too long is discarded and named") {
  const Folder folder;
  const Spool spool(folder.path, {1 << 20, 1h});
  store(spool, push_at(std::chrono::system_clock::now() - 2h, "a 1\n"));
  set_age(path_of(spool, numbers(spool).at(0)), 7200);
  const auto stored = spool.store(gateway, push("two", "a 2\n"));
  REQUIRE(stored);
  REQUIRE(stored->discarded.size() == 1);
  CHECK(stored->discarded[0].find("older than 1h") != std::string::npos);
  CHECK(bodies(spool) == Strings{"a 2\n"});
}

TEST_CASE("each thing that is wrong with an entry is told apart") {
  const Folder folder;
  const Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  store(spool, push("two", "a 2\n"));
  const std::uint64_t number = numbers(spool).at(0);
  const std::string path = path_of(spool, number);
  CHECK(read_error(spool, 1) == Kind::gone);
  std::ofstream(path_of(spool, 2));  // emptied, since it could not be removed
  CHECK(read_error(spool, 2) == Kind::gone);
  std::filesystem::create_symlink(path, path_of(spool, 3));
  CHECK(read_error(spool, 3) == Kind::damaged);
  std::filesystem::create_directory(path_of(spool, 4));
  CHECK(read_error(spool, 4) == Kind::damaged);
  REQUIRE(::mkfifo(path_of(spool, 5).c_str(), 0600) == 0);
  CHECK(read_error(spool, 5) == Kind::damaged);
  std::ofstream(path_of(spool, 6)).close();
  REQUIRE(::truncate(path_of(spool, 6).c_str(), off_t{1} << 40) == 0);
  CHECK(read_error(spool, 6) == Kind::damaged);
  std::ofstream(path_of(spool, 7)).close();
  REQUIRE(::truncate(path_of(spool, 7).c_str(), off_t{60} << 20) == 0);
  CHECK(read_error(spool, 7) == Kind::damaged);
  std::ofstream(path, std::ios::app) << "garbage";
  CHECK(read_error(spool, number) == Kind::damaged);
  if (::geteuid() == 0) {
    REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
    CHECK(read_error(spool, number) == Kind::foreign);
  }
}

TEST_CASE("without descriptors or memory, an entry is not damaged") {
  const Folder folder;
  const Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  const auto opened = spool.open(gateway);
  std::vector<Descriptor> all;
  while (true) {
    all.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!all.back()) break;
  }
  const auto entry = spool.read(*opened, 1700000000000000000U);
  all.clear();
  REQUIRE(std::holds_alternative<EntryError>(entry));
  CHECK(std::get<EntryError>(entry).kind == Kind::exhausted);
}

TEST_CASE("what cannot be delivered is set aside and named, and holds up nothing") {
  const Folder folder;
  const Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  store(spool, push("two", "a 2\n"));
  std::ofstream(path_of(spool, numbers(spool)[0]), std::ios::app) << "garbage";
  std::ofstream(spool.open(gateway)->path() + "/foreign.txt") << "not ours";
  const auto found = spool.find_targets();
  REQUIRE(found);
  CHECK(found->names == Strings{gateway});
  REQUIRE(found->problems.size() == 1);
  CHECK(found->problems[0].find("it is damaged; it is set aside as ") != std::string::npos);
  CHECK(bodies(spool) == Strings{"a 2\n"});
}

TEST_CASE("one process at a time delivers for a target, and to a group") {
  const Folder folder;
  const Spool spool(folder.path, {});
  store(spool, push("one", "a 1\n"));
  const auto opened = spool.open(gateway);
  FileLock lock = opened->lock_for_delivery();
  REQUIRE(lock.state == FileLock::State::held);
  CHECK(opened->lock_for_delivery().state == FileLock::State::busy);
  FileLock group = opened->lock_group(5);
  REQUIRE(group.state == FileLock::State::held);
  CHECK(opened->lock_group(5).state == FileLock::State::busy);
  CHECK(opened->lock_group(500000000000000000U).state == FileLock::State::held);
  lock = {};
  group = {};
  CHECK(opened->lock_for_delivery().state == FileLock::State::held);
  CHECK(opened->lock_group(5).state == FileLock::State::held);
}

TEST_CASE("where nothing can be written, the reason is told and nothing is left behind") {
  const Folder folder;
  std::ofstream(folder.path + "/file") << "in the way";
  const Spool spool(folder.path + "/file/spool", {});
  const auto stored = spool.store(gateway, push("one", "a 1\n"));
  REQUIRE_FALSE(stored);
  CHECK(stored.error().find("Not a directory") != std::string::npos);
}

TEST_CASE("what cannot be looked at is not taken for empty") {
  const Folder folder;
  CHECK(Spool(folder.path + "/none", {}).find_targets().failure().error_number == ENOENT);
  std::ofstream(folder.path + "/file") << "in the way";
  CHECK(Spool(folder.path + "/file", {}).find_targets().failure().error_number == ENOTDIR);
}

TEST_CASE("root is not led to another user's directory") {
  if (::geteuid() != 0) return;
  const Folder folder;
  const Spool own(folder.path + "/own", {});
  store(own, push("one", "a 1\n"));
  REQUIRE(::chown(own.open(gateway)->path().c_str(), 65534, 65534) == 0);
  CHECK_FALSE(own.open(gateway));
  CHECK_FALSE(own.store(gateway, push("two", "a 2\n")));
  std::filesystem::create_directory(folder.path + "/real");
  std::filesystem::create_symlink(folder.path + "/real", folder.path + "/link");
  CHECK(Spool(folder.path + "/link", {}).store(gateway, push("one", "a 1\n")));
  REQUIRE(::lchown((folder.path + "/link").c_str(), 65534, 65534) == 0);
  CHECK_FALSE(Spool(folder.path + "/link", {}).store(gateway, push("two", "a 2\n")));
  REQUIRE(::chown((folder.path + "/real").c_str(), 65534, 65534) == 0);
  CHECK_FALSE(Spool(folder.path + "/real", {}).store(gateway, push("three", "a 3\n")));
}

TEST_CASE("many processes at once lose nothing") {
  const Folder folder;
  constexpr int processes = 50;
  for (int i = 0; i < processes; ++i) {
    if (::fork() != 0) continue;
    const Spool spool(folder.path, {});
    const bool stored = static_cast<bool>(spool.store(gateway, push("job" + std::to_string(i), "a 1\n")));
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
      const Spool spool(folder.path, {});
      for (int i = 0;; ++i) {
        static_cast<void>(spool.store(gateway, push("job" + std::to_string(i % 7), "a 1\n")));
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
  const Spool spool(folder.path, {});
  CHECK(!bodies(spool).empty());
  CHECK(spool.open(gateway)->lock_for_delivery().state == FileLock::State::held);
  // A killed writer may leave an entry beside the one that it replaces, or one that the log does not name: whoever
  // delivers removes both.
  for (int i = 0; i < 7; ++i) store(spool, push("job" + std::to_string(i), "a 1\n"));
  CHECK(spool.open(gateway)->compact_log().size() == bodies(spool).size());
  CHECK(bodies(spool).size() >= 7);
}
