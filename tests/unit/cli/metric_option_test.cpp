#include "cli/metric_option.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

TEST_CASE("each -m is a sample of a gauge") {
  std::vector<Family> families;
  REQUIRE(into_metrics(families)({"a=1", "b{x=\"=\"}=2", "a{x=\"y\"}=3"}));
  REQUIRE(families.size() == 2);
  CHECK(families[0].samples.size() == 2);
  CHECK(families[0].type == MetricType::gauge);
  CHECK(families[1].samples[0].labels == std::vector<Label>{{"x", "="}});
}

TEST_CASE("what is no sample is not taken for a metric") {
  for (const char* value :
       {"a", "a{x=\"y\"}", "a=1\nb=2", "# a=1", "# TYPE a=gauge", "=1", " =", "\xEF\xBB\xBF#=1"}) {
    CAPTURE(value);
    std::vector<Family> families;
    CHECK_FALSE(into_metrics(families)({value}));
    CHECK(families.empty());
  }
}
