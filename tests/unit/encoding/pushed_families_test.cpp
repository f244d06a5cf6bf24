#include "encoding/pushed_families.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

Result<std::vector<Family>> pushed(std::string body, std::vector<Label> group = {}) {
  return pushed_families({*GroupingKey::make("j", std::move(group)), PushMode::add, std::move(body), {}});
}

}  // namespace

TEST_CASE("the group's labels are over a sample's own") {
  const auto families = pushed("x{f=\"\",a=\"b\"} 1\n", {{"f", "g"}});
  REQUIRE(families);
  CHECK(families->front().samples.front().labels == std::vector<Label>{{"a", "b"}, {"f", "g"}, {"job", "j"}});
}

TEST_CASE("two series that differ only in an empty label are an error, for one would be lost") {
  const auto families = pushed("y 1\nx 1\nx{f=\"\"} 2\n");
  REQUIRE_FALSE(families);
  CHECK(
      families.error() ==
      "x{job=\"j\"} and x{f=\"\",job=\"j\"} are one series to Prometheus, for which an empty label is none: "
      "keep one of them");
  for (const char* body :
       {"x{a=\"1\",f=\"\"} 1\nx{a=\"1\",g=\"\"} 1\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1\",f=\"\"} 1\nh_count 1\n",
        "# TYPE s summary\ns_sum 1\ns_sum{f=\"\"} 1\n"}) {
    CAPTURE(body);
    CHECK_FALSE(pushed(body));
  }
}

TEST_CASE("a bucket or quantile with its label twice is an error, since a series has it once") {
  const auto families = pushed("# TYPE h histogram\nh_bucket{le=\"1\",le=\"2\"} 1\n");
  REQUIRE_FALSE(families);
  CHECK(families.error() == "h_bucket{le=\"1\",le=\"2\"} has the label le twice: keep one");
  CHECK_FALSE(pushed("# TYPE s summary\ns{quantile=\"1\",x=\"y\",quantile=\"1\"} 1\n"));
}

TEST_CASE("a second bucket or quantile of one bound is an error, however it is written") {
  const auto families = pushed("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\n");
  REQUIRE_FALSE(families);
  CHECK(families.error() ==
        "h_bucket{job=\"j\",le=\"1\"} and h_bucket{job=\"j\",le=\"1.0\"} are one series to Prometheus: keep "
        "one of them");
  CHECK_FALSE(pushed("# TYPE s summary\ns{quantile=\"0.50\"} 1\ns{quantile=\".5\"} 1\n"));
  CHECK(pushed("x{le=\"1\"} 1\nx{le=\"1.0\"} 1\n"));
}

TEST_CASE("an empty label that tells nothing apart does no harm") {
  for (const char* body :
       {"x{f=\"\"} 1\nx{f=\"a\"} 2\n", "x{f=\"\"} 1\ny 1\n", "x{a=\"1\",f=\"\"} 1\nx{a=\"2\"} 1\n",
        "# TYPE h histogram\nh_bucket{f=\"\",le=\"1\"} 1\nh_bucket{f=\"\",le=\"2\"} 1\nh_count{f=\"\"} "
        "1\n"}) {
    CAPTURE(body);
    CHECK(pushed(body, {{"e", ""}}));
  }
}
