#include "encoding/otlp_batch.hpp"

#include "formats/exposition_parser.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

std::string request_of(std::string_view text) {
  const auto families = parse_families(text).families;
  return otlp_json(otlp_batch(families, *GroupingKey::make("j"), std::chrono::system_clock::time_point()));
}

}  // namespace

TEST_CASE("an instance that the group does not have is an attribute of its points") {
  const auto families = parse_families("a{instance=\"i\"} 1\na{instance=\"k\"} 2\n").families;
  const auto request = [&](const GroupingKey& group) {
    return otlp_json(otlp_batch(families, group, std::chrono::system_clock::time_point()));
  };
  const std::string apart = request(*GroupingKey::make("j"));
  CHECK(apart.find(R"({"key":"instance","value":{"stringValue":"i"}})") != std::string::npos);
  CHECK(apart.find(R"({"key":"instance","value":{"stringValue":"k"}})") != std::string::npos);
  CHECK(request(*GroupingKey::make("j", {{"instance", "g"}})).find(R"("key":"instance")") ==
        std::string::npos);
}

TEST_CASE("a quantile that JSON has no number for is one all the same") {
  CHECK(request_of("# TYPE s summary\ns{quantile=\"Inf\"} 1\n").find(R"("quantile":"Infinity")") !=
        std::string::npos);
}

TEST_CASE("a bucket of a histogram counts by itself, and all together make the count") {
  struct Case {
    std::string_view samples, counts, count;
  };
  for (const Case& expected : {
           Case{"h_bucket{le=\"10\"} 7\nh_bucket{le=\"2.5\"} 3\nh_bucket{le=\"+Inf\"} 9\nh_count 9",
                R"("3","4","2")", "9"},
           // Without _count, the greatest bucket is what is known.
           Case{"h_bucket{le=\"2.5\"} 1\nh_bucket{le=\"10\"} 1\nh_bucket{le=\"+Inf\"} 2", R"("1","0","1")",
                "2"},
           Case{"h_bucket{le=\"2.5\"} 1\nh_bucket{le=\"10\"} 3", R"("1","2","0")", "3"},
           // Contradictions.
           Case{"h_bucket{le=\"2.5\"} 3\nh_bucket{le=\"10\"} 7\nh_bucket{le=\"+Inf\"} 9\nh_count 6",
                R"("3","4","2")", "9"},
           Case{"h_bucket{le=\"2.5\"} 3\nh_bucket{le=\"10\"} 7\nh_bucket{le=\"+Inf\"} 7\nh_count 9",
                R"("3","4","2")", "9"},
           Case{"h_bucket{le=\"2.5\"} 5\nh_bucket{le=\"10\"} 2\nh_bucket{le=\"+Inf\"} 4\nh_count 4",
                R"("5","0","0")", "5"},
           // Numbers that are no counts, and such as 64 bits cannot hold.
           Case{"h_bucket{le=\"2.5\"} 0.6\nh_bucket{le=\"10\"} NaN\nh_count 2.4", R"("1","0","1")", "2"},
           Case{"h_bucket{le=\"2.5\"} 1\nh_bucket{le=\"10\"} 18446744073709551615\nh_count 1e30",
                R"("1","18446744073709551614","0")", "18446744073709551615"},
           Case{"h_bucket{le=\"2.5\"} 4503599627370497\nh_bucket{le=\"10\"} 9007199254740991\nh_count +Inf",
                R"("4503599627370497","4503599627370494","18437736874454810624")", "18446744073709551615"},
       }) {
    const std::string body = request_of(concat({"# TYPE h histogram\n", expected.samples, "\n"}));
    CAPTURE(expected.samples);
    CAPTURE(body);
    CHECK(body.find(concat({R"("explicitBounds":[2.5,10],"bucketCounts":[)", expected.counts, "]"})) !=
          std::string::npos);
    CHECK(body.find(concat({R"("count":")", expected.count, R"(",)"})) != std::string::npos);
  }
}

TEST_CASE("the sum of a histogram is sent only where there is one") {
  CHECK(request_of("# TYPE h histogram\nh_count 1\n").find("\"sum\"") == std::string::npos);
  CHECK(request_of("# TYPE h histogram\nh_sum 0\n").find("\"sum\":0") != std::string::npos);
}

TEST_CASE("a HELP text that is not UTF-8 can be sent, too") {
  const Family family{"x", MetricType::gauge, "a\xff", {{"x", {}, 1}}};
  const OtlpBatch batch =
      otlp_batch({&family, 1}, *GroupingKey::make("j"), std::chrono::system_clock::time_point());
  CHECK(otlp_json(batch).find("\"description\":\"a\xEF\xBF\xBD\"") != std::string::npos);
  CHECK(otlp_protobuf(batch).find("\x12\x04"
                                  "a\xEF\xBF\xBD") != std::string::npos);
}
