#include "run/count_file.hpp"

#include "metrics/exposition_writer.hpp"

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

KeptTotals counted(double succeeded) { return {{{RunCounts{succeeded, 0, 0}}, {}}, {}}; }

/// What is kept, which has to be readable.
std::optional<KeptTotals> kept_in(const CountFile& file) {
  const auto kept = file.read();
  REQUIRE(kept);
  return *kept;
}

void keep(const CountFile& file, const KeptTotals& kept) {
  REQUIRE(file.try_lock(CountFile::Lock::file));  // which makes the directory
  REQUIRE(file.write(kept));
}

}  // namespace

TEST_CASE(
    "totals are read back as they were written, and so is what is to be added to those of the targets") {
  const Folder folder;
  const CountFile file = count_file(folder);
  CHECK_FALSE(kept_in(file));
  KnownTotals known;
  known.all.counts = RunCounts{1e9 + 1, 2, 1};
  known.all.added = {
      {"rows_total", MetricType::counter, "Rows.", {{"rows_total", {{"kind", "a\n\"b\""}}, 0.1}}}};
  known.here_only.durations = observed_duration({0.5, 60}, std::chrono::seconds(2));
  keep(file, {known, {7, 8}});
  const auto kept = kept_in(file);
  REQUIRE(kept);
  CHECK(kept->known.all.counts == known.all.counts);
  CHECK(kept->known.here_only.durations == known.here_only.durations);
  CHECK(write_exposition(kept->known.all.added) == write_exposition(known.all.added));
  CHECK(kept->counted == std::vector<std::uint64_t>{7, 8});
  struct stat status {};
  REQUIRE(::stat(folder.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("totals too large to be read back are not written") {
  const Folder folder;
  const CountFile file = count_file(folder);
  keep(file, counted(1));
  KeptTotals large = counted(2);
  large.known.all.added = {
      {"rows_total", MetricType::counter, "", {{"rows_total", {{"kind", std::string(1 << 20, 'x')}}, 1}}}};
  CHECK_FALSE(file.write(large));
  CHECK(kept_in(file)->known.all.counts == RunCounts{1, 0, 0});
}

TEST_CASE("a run is added once") {
  KeptTotals kept = counted(1);
  const RunTotals share{counts_of(RunEnd::failure)};
  for (int i = 0; i < 3; ++i) add_once(kept, share, 42, std::nullopt);
  CHECK(kept.known.all.counts == RunCounts{1, 1, 1});
}

TEST_CASE("each group and each prefix has a file of its own") {
  const Folder folder;
  keep(count_file(folder), counted(1));
  CHECK_FALSE(kept_in(count_file(folder, "b")));
  CHECK_FALSE(kept_in(count_file(folder, "a", "backup_")));
  keep(count_file(folder, "a", "backup_"), counted(7));
  CHECK(kept_in(count_file(folder))->known.all.counts == RunCounts{1, 0, 0});
}

TEST_CASE("a damaged file of counts, or another group's, is an error that names it") {
  const Folder folder;
  const CountFile file = count_file(folder);
  keep(file, counted(1));
  for (const std::string text :
       {"", "rubbish", "# pushmetrics {job=\"b\"} 1\njob_runs_total{status=\"success\"} 1\n",
        "# pushmetrics {job=\"a\",path=\"/a \\\"b\\\"\\n\"} 1\n# Counted runs: 1\n"}) {
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
