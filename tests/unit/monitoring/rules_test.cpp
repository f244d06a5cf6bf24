#include "monitoring/rules.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

bool mentions(const Result<std::string>& text, std::string_view what) {
  REQUIRE(text);
  return text->find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("every rule is for the one job") {
  const auto text = alerting_rules({.job = "a\"b", .prefix = "job_", .max_age = 1h});
  CHECK(mentions(text, R"(job_success{job="a\"b"} == 0)"));
  CHECK(mentions(text, R"(push_time_seconds{job="a\"b"})"));
  CHECK(mentions(text, R"(absent(job_last_completion_timestamp_seconds{job="a\"b"}))"));
}

TEST_CASE("only a gateway shows failed pushes to Prometheus") {
  CHECK(mentions(alerting_rules({}), "PushFailed"));
  CHECK_FALSE(mentions(alerting_rules({.source = Source::textfile}), "PushFailed"));
  CHECK_FALSE(mentions(alerting_rules({.source = Source::remote_write}), "PushFailed"));
}

TEST_CASE("samples are sought for twice as long as the age that is too old") {
  CHECK(mentions(alerting_rules({.source = Source::remote_write, .max_age = 24h}), "[31d]"));
  CHECK(mentions(alerting_rules({.source = Source::remote_write, .max_age = 40 * 24h}), "[80d]"));
  CHECK(
      mentions(alerting_rules({.source = Source::remote_write, .max_age = 24h, .lookback = 50h}), "[2d2h]"));
}

TEST_CASE("limits that can never be met or kept are refused") {
  CHECK_FALSE(alerting_rules({.job = "\xFF"}));
  CHECK_FALSE(alerting_rules({.job = ""}));
  CHECK_FALSE(alerting_rules({.max_age = 0s}));
  CHECK_FALSE(alerting_rules({.max_silence = 0s}));
  CHECK_FALSE(alerting_rules({.source = Source::remote_write, .max_age = 7h, .lookback = 7h}));
}
