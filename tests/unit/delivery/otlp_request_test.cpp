#include "delivery/otlp_request.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

TEST_CASE("an answer of OTLP tells of rejected points, as a string or as a number") {
  CHECK(read_otlp_answer(R"({"partialSuccess":{"rejectedDataPoints":"3"}})").rejected_points == 3);
  CHECK(read_otlp_answer(R"({"partialSuccess":{"rejectedDataPoints":3}})").rejected_points == 3);
  CHECK(read_otlp_answer(R"({"partialSuccess":{"errorMessage":"a\nb"}})").message == "a b");
}

TEST_CASE("an answer of OTLP that makes no sense reports nothing") {
  for (const char* body : {"", "{}", "[]", "1", "{", R"({"partialSuccess":null})", R"({"partialSuccess":[]})",
                           R"({"partialSuccess":{"rejectedDataPoints":-1}})",
                           R"({"partialSuccess":{"rejectedDataPoints":"-1"}})",
                           R"({"partialSuccess":{"rejectedDataPoints":"x","errorMessage":1}})"}) {
    CAPTURE(body);
    CHECK(read_otlp_answer(body).rejected_points == 0);
    CHECK(read_otlp_answer(body).message.empty());
    CHECK(read_otlp_error(body).empty());
  }
  CHECK(read_otlp_error(R"({"code":3,"message":"no"})") == "no");
}

TEST_CASE("a bucket of a histogram counts by itself, and never less than nothing") {
  const Family family{"h",
                      MetricType::histogram,
                      "",
                      {{"h_bucket", {{"le", "10"}}, 7},
                       {"h_bucket", {{"le", "2.5"}}, 3},
                       {"h_bucket", {{"le", "+Inf"}}, 9},
                       {"h_sum", {}, 1},
                       {"h_count", {}, 6}}};
  const std::string body =
      otlp_request({&family, 1}, *GroupingKey::make("j"), std::chrono::system_clock::time_point());
  CHECK(body.find(R"("explicitBounds":[2.5,10.0],"bucketCounts":["3","4","0"])") != std::string::npos);
  CHECK(body.find(R"("count":"6","sum":1.0)") != std::string::npos);
}

TEST_CASE("a HELP text that is not UTF-8 can be sent, too") {
  const Family family{"x", MetricType::gauge, "a\xff", {{"x", {}, 1}}};
  const std::string body =
      otlp_request({&family, 1}, *GroupingKey::make("j"), std::chrono::system_clock::time_point());
  CHECK(body.find("\"description\":\"a\xEF\xBF\xBD\"") != std::string::npos);
}
