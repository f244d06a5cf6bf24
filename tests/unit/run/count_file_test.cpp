#include "run/count_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace pushmetrics;

namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pushmetrics-counts-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// The only file of counts.
  std::filesystem::path file() const {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(path + "/counts"))
      if (entry.path().extension() == ".counts") found = entry.path();
    return found;
  }
  std::string path;
};

CountFile count_file(const Folder& folder, const std::string& job = "a", const std::string& prefix = "job_") {
  return {folder.path, *GroupingKey::make(job, {{"path", "/a \"b\"\n"}}), prefix};
}

/// What is kept, which has to be readable.
std::optional<KeptCounts> kept_in(const CountFile& file) {
  const auto kept = file.read();
  REQUIRE(kept);
  return *kept;
}

void keep(const CountFile& file, const KeptCounts& kept) {
  REQUIRE(file.try_lock(CountFile::Lock::file));  // which makes the directory
  REQUIRE(file.write(kept));
}

}  // namespace

TEST_CASE("counts are read back as they were written") {
  const Folder folder;
  const CountFile file = count_file(folder);
  CHECK_FALSE(kept_in(file));
  for (const auto extent : {KeptCounts::Extent::here_only, KeptCounts::Extent::all}) {
    keep(file, {{1e9 + 1, 2, 1}, extent});
    const auto kept = kept_in(file);
    REQUIRE(kept);
    CHECK(kept->counts == RunCounts{1e9 + 1, 2, 1});
    CHECK(kept->extent == extent);
  }
  struct stat status {};
  REQUIRE(::stat(folder.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("each group and each prefix has a file of its own") {
  const Folder folder;
  keep(count_file(folder), {{1, 0, 0}});
  CHECK_FALSE(kept_in(count_file(folder, "b")));
  CHECK_FALSE(kept_in(count_file(folder, "a", "backup_")));
  keep(count_file(folder, "a", "backup_"), {{7, 0, 0}});
  CHECK(kept_in(count_file(folder))->counts == RunCounts{1, 0, 0});
}

TEST_CASE("a damaged file of counts, or another group's, is an error that names it") {
  const Folder folder;
  const CountFile file = count_file(folder);
  keep(file, {{1, 0, 0}});
  for (const std::string text :
       {"", "rubbish", "# pushmetrics {job=\"b\"} 1\njob_runs_total{status=\"success\"} 1\n",
        "# pushmetrics {job=\"a\",path=\"/a \\\"b\\\"\\n\"} 1\n"}) {
    std::ofstream(folder.file()) << text;
    const auto kept = file.read();
    REQUIRE_FALSE(kept);
    CHECK(kept.error() == folder.file().string() + " is damaged");
  }
}

TEST_CASE("a lock is one process's, a file's beside a turn") {
  const Folder folder;
  const CountFile file = count_file(folder);
  auto first = file.try_lock(CountFile::Lock::turn);
  REQUIRE(first);
  CHECK(*first);
  const auto second = file.try_lock(CountFile::Lock::turn);
  REQUIRE(second);
  CHECK_FALSE(*second);
  CHECK(*file.try_lock(CountFile::Lock::file));
  first->reset();
  CHECK(*file.try_lock(CountFile::Lock::turn));
}

TEST_CASE("where there is no directory for counts, that is said") {
  const CountFile file("", *GroupingKey::make("a"), "job_");
  REQUIRE_FALSE(file.try_lock(CountFile::Lock::turn));
  CHECK(file.try_lock(CountFile::Lock::turn).error() == "there is no directory for them: give --spool DIR");
  CHECK_FALSE(kept_in(file));
}
