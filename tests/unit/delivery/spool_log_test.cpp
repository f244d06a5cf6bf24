#include "delivery/spool_log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace pushmetrics;

namespace {

struct Fixture {
  Fixture() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pushmetrics-log-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    directory = Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~Fixture() { std::filesystem::remove_all(path); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  SpoolLog log() const { return SpoolLog(directory.get()); }

  std::string path;
  Descriptor directory;
};

}  // namespace

TEST_CASE("records are read back in their order, with what failed since") {
  const Fixture f;
  CHECK_FALSE(f.log().exists());
  CHECK(f.log().read().empty());
  f.log().append({.number = 7, .group = 0xabc, .bytes = 100});
  f.log().append({.number = 3, .group = 0xfedcba9876543210, .bytes = 200});
  f.log().append({.number = 7, .group = 0xabc, .has_failed = true});
  CHECK(f.log().exists());
  const auto records = f.log().read();
  REQUIRE(records.size() == 2);
  CHECK(records[0].number == 7);
  CHECK(records[0].group == 0xabc);
  CHECK(records[0].bytes == 100);
  CHECK(records[0].has_failed);
  CHECK(records[1].group == 0xfedcba9876543210);
  CHECK_FALSE(records[1].has_failed);
}

TEST_CASE("lines that are none are passed over") {
  const Fixture f;
  std::ofstream(f.path + "/order")
      << "garbage\n\n1 2\n00000000000000000001 000000000000000a 10\n5 b 7\n9 c 12";
  const auto records = f.log().read();
  REQUIRE(records.size() == 2);
  CHECK(records[0].group == 10);
  CHECK(records[1].number == 5);
}

TEST_CASE("a log is rewritten, unless somebody keeps it locked") {
  const Fixture f;
  for (std::uint64_t number = 1; number <= 5; ++number)
    f.log().append({.number = number, .group = number, .bytes = 1});
  f.log().append({.number = 4, .group = 4, .has_failed = true});
  const auto without_odd = [](std::vector<SpoolRecord> records) {
    std::erase_if(records, [](const SpoolRecord& record) { return record.number % 2 == 1; });
    return records;
  };
  {
    const Descriptor other(::open((f.path + "/order").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::flock(other.get(), LOCK_EX) == 0);
    CHECK(f.log().rewrite(without_odd).size() == 2);
    CHECK(f.log().read().size() == 5);
    f.log().append({.number = 6, .group = 6, .bytes = 1});
    CHECK(f.log().read().size() == 6);
  }
  CHECK(f.log().rewrite(without_odd).size() == 3);
  const auto records = f.log().read();
  REQUIRE(records.size() == 3);
  CHECK(records[1].has_failed);
}

TEST_CASE("what is no file of ours is not used as a log") {
  const Fixture f;
  REQUIRE(::mkfifo((f.path + "/order").c_str(), 0600) == 0);
  f.log().append({.number = 1, .group = 1, .bytes = 1});
  CHECK(f.log().read().empty());
}
