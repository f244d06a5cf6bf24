#include "job/job_metrics.hpp"

#include <doctest/doctest.h>

#include <ctime>

using namespace pushmetrics;

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
  JobMetrics job_metrics = read_job_metrics(text, families);
  merge_into(families, std::move(job_metrics.families));
  CHECK(std::clock() - before < 5 * CLOCKS_PER_SEC);  // each compared with each, it takes far more
  CHECK(families.size() == count + 1);
}
