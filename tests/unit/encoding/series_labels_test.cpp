#include "encoding/series_labels.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

TEST_CASE("a bound is written as Prometheus writes it when it scrapes") {
  struct Case {
    std::string_view written, scraped;
  };
  for (const Case& expected : {
           Case{"1", "1.0"},
           Case{"1.0", "1.0"},
           Case{"+1e0", "1.0"},
           Case{"0", "0.0"},
           Case{"-1", "-1.0"},
           Case{".25", "0.25"},
           Case{"100000", "100000.0"},
           Case{"1000000", "1e+06"},
           Case{"123456789", "1.23456789e+08"},
           Case{"0.0001", "0.0001"},
           Case{"0.00001", "1e-05"},
           Case{"1e300", "1e+300"},
           Case{"inf", "+Inf"},
           Case{"-INF", "-Inf"},
           Case{"nan", "NaN"},
       }) {
    CAPTURE(expected.written);
    CHECK(scraped_bound(expected.written) == expected.scraped);
  }
}

TEST_CASE("only the label that is a bound is written in this way") {
  std::vector<Label> labels{{"le", "1"}, {"quantile", "1"}};
  use_scraped_bounds(MetricType::gauge, labels);
  CHECK(labels == std::vector<Label>{{"le", "1"}, {"quantile", "1"}});
  use_scraped_bounds(MetricType::histogram, labels);
  CHECK(labels == std::vector<Label>{{"le", "1.0"}, {"quantile", "1"}});
  use_scraped_bounds(MetricType::summary, labels);
  CHECK(labels == std::vector<Label>{{"le", "1.0"}, {"quantile", "1.0"}});
}
