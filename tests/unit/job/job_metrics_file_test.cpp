#include "job/job_metrics_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace pushmetrics;

namespace {

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }

}  // namespace

TEST_CASE("the file is private, starts empty, and goes with its object") {
  std::string path;
  {
    const auto file = JobMetricsFile::create();
    REQUIRE(file);
    path = file->path();
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(file->read()->text.empty());
    write(path, "a 1\n");
    CHECK(file->read()->text == "a 1\n");
  }
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("what is over the limit is cut at a whole line") {
  const auto file = JobMetricsFile::create();
  const std::string line(99, 'x');
  for (int i = 0; i < 12'000; ++i) write(file->path(), line + "\n");
  const auto contents = file->read();
  CHECK(contents->cut);
  CHECK(contents->text.size() <= JobMetricsFile::size_limit);
  CHECK(contents->text.size() > JobMetricsFile::size_limit - 100);
  CHECK(contents->text.back() == '\n');
}

TEST_CASE("a link in the file's place is not followed") {
  const auto file = JobMetricsFile::create();
  REQUIRE(::unlink(file->path().c_str()) == 0);
  REQUIRE(::symlink("/etc/passwd", file->path().c_str()) == 0);
  CHECK_FALSE(file->read());
}
