#include "job/job_metrics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>

using namespace pushmetrics;

namespace {

std::vector<std::string> names(const JobMetrics& job_metrics) {
  std::vector<std::string> found;
  for (const Family& family : job_metrics.families) found.push_back(family.name);
  return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("samples of a family that is there already join it, and others follow in their order") {
  std::vector<Family> families{{"a", MetricType::gauge, "", {{"a", {}, 1}}}};
  merge_into(families, {{"c", MetricType::gauge, "", {{"c", {}, 2}}},
                        {"a", MetricType::gauge, "", {{"a", {{"x", "y"}}, 3}}},
                        {"b", MetricType::gauge, "", {{"b", {}, 4}}},
                        {"c", MetricType::gauge, "", {{"c", {{"x", "y"}}, 5}}}});
  REQUIRE(families.size() == 3);
  CHECK(families[0].samples.size() == 2);
  CHECK(families[1].name == "c");
  CHECK(families[1].samples.size() == 2);
  CHECK(families[2].name == "b");
}

TEST_CASE("a job that writes very many families does not wait long for them to be read") {
  constexpr int count = 100000;
  std::string text;
  for (int i = 0; i < count; ++i) text += "m" + std::to_string(i) + " 1\n";
  const std::clock_t before = std::clock();
  std::vector<Family> families{{"a", MetricType::gauge, "", {{"a", {}, 1}}}};
  JobMetrics job_metrics = read_job_metrics(text, {families, "job_"});
  merge_into(families, std::move(job_metrics.families));
  CHECK(std::clock() - before < 5 * CLOCKS_PER_SEC);  // each compared with each, it takes far more
  CHECK(families.size() == count + 1);
}

TEST_CASE("a name of the run's own is reserved, whether or not this run pushes it") {
  const JobMetrics read =
      read_job_metrics("job_last_success_timestamp_seconds 1\nrows 2\njob_runs_total 3\n", {{}, "job_"});
  CHECK(names(read) == Names{"rows"});
  REQUIRE(read.warnings.size() == 2);
  CHECK(read.warnings[0] == "job_last_success_timestamp_seconds is one of the run's own metrics");
  CHECK(names(read_job_metrics("job_success 1\n", {{}, "backup_"})) == Names{"job_success"});
}

TEST_CASE("a family that cannot be pushed with the others costs that family only") {
  const std::vector<Family> own{{"s", MetricType::gauge, "", {{"s", {}, 1}}}};
  const std::string text =
      "a 1\n# TYPE g gaugehistogram\ng_bucket{le=\"1\"} 1\n# TYPE go_goroutines counter\ngo_goroutines 7\n"
      "# TYPE h summary\nh_sum 1\nh_count 1\nb 2\ns 3\n";
  const JobMetrics read = read_job_metrics(text + "h_count{x=\"y\"} 5\n", {own, "job_"});
  CHECK(names(read) == Names{"a", "h", "b"});
  CHECK(read.warnings.size() == 3);

  const JobMetrics elsewhere = read_job_metrics(text, {own, "job_", JobMetricsContext::Gateway::none});
  CHECK(names(elsewhere) == Names{"a", "go_goroutines", "h", "b"});
}

TEST_CASE("a part of a summary that --metric gives already costs that summary only") {
  const std::vector<Family> own{{"h_count", MetricType::gauge, "", {{"h_count", {}, 1}}}};
  const JobMetrics read = read_job_metrics("# TYPE h summary\nh_sum 1\na 1\n", {own, "job_"});
  CHECK(names(read) == Names{"a"});
  REQUIRE(read.warnings.size() == 1);
  CHECK(read.warnings[0].starts_with("h is dropped: "));
  CHECK(read.warnings[0].find("on line") == std::string::npos);
}

TEST_CASE("a warning shows the invalid line, unprintable bytes escaped") {
  const JobMetrics read = read_job_metrics("a 1\nb\x01 oops\n\nc two", {{}, "job_"});
  CHECK(names(read) == Names{"a"});
  REQUIRE(read.warnings.size() == 2);
  CHECK(read.warnings[0].starts_with("line 2, `b"));
  CHECK(read.warnings[0].find('\x01') == std::string::npos);
  CHECK(read.warnings[1].starts_with("line 4, `c two`: "));
}

TEST_CASE("a last line without its end counts, unless the job was killed and may have written a part of it") {
  using Ending = JobMetricsContext::Ending;
  const auto read = [](std::string_view text, Ending ending) {
    return read_job_metrics(text, {{}, "job_", JobMetricsContext::Gateway::some, ending});
  };
  CHECK(names(read("a 1\nrows 12", Ending::own)) == Names{"a", "rows"});
  const JobMetrics killed = read("a 1\nrows 12", Ending::killed);
  CHECK(names(killed) == Names{"a"});
  REQUIRE(killed.warnings.size() == 1);
  CHECK(killed.warnings[0].starts_with("its last line, `rows 12`, has no line end"));
  CHECK(names(read("rows 12", Ending::killed)) == Names{});
  for (const char* whole : {"a 1\n", "a 1\n \n", ""}) CHECK(read(whole, Ending::killed).warnings.empty());
}

TEST_CASE("lines that an unquoted variable joined are reported, whichever comes first") {
  for (const char* joined : {"# HELP rows x # TYPE rows gauge rows 5\n", "# TYPE rows gauge rows 5\n"}) {
    const JobMetrics read = read_job_metrics(joined, {{}, "job_"});
    REQUIRE(read.warnings.size() == 1);
    CHECK(read.warnings[0].find("lines were joined") != std::string::npos);
  }
  CHECK(read_job_metrics("# HELP rows a #TYPE or a # in a text\nrows 5\n", {{}, "job_"}).warnings.empty());
}

TEST_CASE("of very many problems the first 20 are kept, and the number of the others") {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "bad line\n";
  const JobMetrics read = read_job_metrics(text + "a 1\n", {{}, "job_"});
  CHECK(names(read) == Names{"a"});
  REQUIRE(read.warnings.size() == 21);
  CHECK(read.warnings.back() == "49980 more problems");
}
