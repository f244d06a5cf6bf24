#include "encoding/write_request.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;
using namespace std::string_literals;

TEST_CASE("a series has its labels sorted, its name among them, and the time in milliseconds") {
  Family family{"up", MetricType::gauge, "", {{"up", {{"job", "a"}, {"Zone", "z"}, {"none", ""}}, 1.5}}};
  const auto when = std::chrono::system_clock::time_point() + std::chrono::microseconds(300999);
  // By protoc --encode=prometheus.WriteRequest.
  CHECK(write_request({&family, 1}, when) ==
        "\x0A\x33"
        "\x0A\x09\x0A\x04Zone\x12\x01z"
        "\x0A\x0E\x0A\x08__name__\x12\x02up"
        "\x0A\x08\x0A\x03job\x12\x01"
        "a"
        "\x12\x0C\x09\0\0\0\0\0\0\xF8\x3F\x10\xAC\x02"
        "\x1A\x06\x08\x02\x12\x02up"s);
}

TEST_CASE("a series of version 2 refers to symbols, and brings its family's metadata") {
  Family family{"up", MetricType::counter, "Help.", {{"up", {{"job", "a"}}, 1.5}}};
  const auto when = std::chrono::system_clock::time_point() + std::chrono::milliseconds(300);
  // By protoc --encode=io.prometheus.write.v2.Request.
  CHECK(write_request_2({&family, 1}, when) ==
        "\x22\x00\x22\x05Help.\x22\x08__name__\x22\x02up\x22\x03job\x22\x01"
        "a"
        "\x2A\x1A\x0A\x04\x02\x03\x04\x05"
        "\x12\x0C\x09\0\0\0\0\0\0\xF8\x3F\x10\xAC\x02"
        "\x2A\x04\x08\x01\x18\x01"s);
}

TEST_CASE("long values and times before 1970 are encoded as protobuf has it") {
  Family family{"x", MetricType::untyped, "", {{"x", {{"job", std::string(300, 'v')}}, 0}}};
  const std::string message =
      write_request({&family, 1}, std::chrono::system_clock::time_point() - std::chrono::milliseconds(1));
  CHECK(message.find("\x12\xAC\x02vvv") != std::string::npos);
  CHECK(message.find("\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01") != std::string::npos);
}
