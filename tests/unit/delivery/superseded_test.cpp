#include "delivery/superseded.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

SpoolEntry entry(const std::string& body, PushMode mode = PushMode::add) {
  return {"http://gw", {*GroupingKey::make("job"), mode, body, {}}, family_names(body)};
}

const std::string ab = "# TYPE a gauge\na 1\n# TYPE b gauge\nb{x=\"1\"} 1\nb{x=\"2\"} 1\n";

}  // namespace

TEST_CASE("nothing is left of a push whose families a newer one holds, or whose group it replaces") {
  CHECK_FALSE(rest_of(entry(ab), entry("a 2\nb 2\nc 2\n")));
  CHECK_FALSE(rest_of(entry(ab), entry("c 2\n", PushMode::replace)));
  CHECK_FALSE(rest_of(entry(ab, PushMode::replace), entry("", PushMode::replace)));
}

TEST_CASE("what is left is the families that the newer push does not hold") {
  const auto rest = rest_of(entry(ab), entry("a 2\nc 2\n"));
  REQUIRE(rest);
  CHECK(rest->push.body == "# TYPE b gauge\nb{x=\"1\"} 1\nb{x=\"2\"} 1\n");
  CHECK(rest->families == std::vector<std::string>{"b"});
  CHECK(rest->push.mode == PushMode::add);
  CHECK(rest_of(entry(ab), entry("c 2\n"))->push.body == ab);
}

TEST_CASE("a replacement of the group takes up what was added since") {
  const auto rest = rest_of(entry(ab, PushMode::replace), entry("# TYPE a counter\na 2\n"));
  REQUIRE(rest);
  CHECK(rest->push.mode == PushMode::replace);
  CHECK(rest->push.body == "# TYPE b gauge\nb{x=\"1\"} 1\nb{x=\"2\"} 1\n# TYPE a counter\na 2\n");
  CHECK(rest->families == std::vector<std::string>{"b", "a"});
}

TEST_CASE("histograms are taken as a whole") {
  const std::string histogram = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
  const auto rest = rest_of(entry(histogram + "# TYPE a gauge\na 1\n"), entry("a 2\n"));
  REQUIRE(rest);
  CHECK(rest->push.body == histogram);
}
