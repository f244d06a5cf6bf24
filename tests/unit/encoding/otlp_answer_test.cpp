#include "encoding/otlp_answer.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace pushmetrics;
using namespace std::string_literals;

TEST_CASE("an answer of OTLP reports rejected points, as a string or as a number") {
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

TEST_CASE("an answer of OTLP in protobuf is read as well") {
  // By protoc --encode=ExportMetricsServiceResponse, and of google.rpc.Status.
  const OtlpAnswer answer = read_otlp_answer("\x0A\x0A\x08\xAC\x02\x12\x05too\nb"s);
  CHECK(answer.rejected_points == 300);
  CHECK(answer.message == "too b");
  CHECK(read_otlp_error("\x08\x03\x12\x02no"s) == "no");
  CHECK(read_otlp_error("\x12\x02no"s) == "no");
}

TEST_CASE("a text or a message that is cut short is no answer of OTLP") {
  for (const std::string& body : {"\x0A\x7F"s, "\x0A"s, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s,
                                  "no"s, "404 page not found\n"s, "<html></html>"s, "\0\0\0"s}) {
    CAPTURE(body);
    CHECK(read_otlp_answer(body).rejected_points == 0);
    CHECK(read_otlp_error(body).empty());
  }
}
