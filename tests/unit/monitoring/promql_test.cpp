#include "monitoring/promql.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

RunQueries queries(Source source, std::string matchers = "") {
  return *RunQueries::make(MetricPrefix::of_option("job_"), {std::move(matchers)}, source, std::nullopt);
}

bool is_sound(std::string prefix, Source source, std::optional<Duration> lookback) {
  return bool(RunQueries::make(MetricPrefix::of_option(std::move(prefix)), {}, source, lookback));
}

}  // namespace

TEST_CASE("a string literal has no character that PromQL or YAML would read otherwise") {
  CHECK(promql_string("backup") == R"("backup")");
  CHECK(promql_string("a\"b\\c'd") == R"("a\"b\\c'd")");
  CHECK(promql_string("1\n2\r\t\x7F") == R"("1\n2\x0d\x09\x7f")");
  CHECK(promql_string(std::string_view("\0", 1)) == R"("\x00")");
  CHECK(promql_string("caf\xC3\xA9 \xF0\x9F\x98\x80") == "\"caf\xC3\xA9 \xF0\x9F\x98\x80\"");
  CHECK(promql_string("\xC2\x85\xC2\x9F\xC2\xA0") == "\"\\u0085\\u009f\xC2\xA0\"");
  CHECK(promql_string("\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9") == "\"\xE2\x80\xA7\\u2028\\u2029\"");
  CHECK(promql_string("\xEF\xBB\xBF\xEF\xBF\xBD\xEF\xBF\xBE\xEF\xBF\xBF") ==
        "\"\\ufeff\xEF\xBF\xBD\\ufffe\\uffff\"");
}

TEST_CASE("a duration is spelled in Prometheus' units, from the largest down") {
  CHECK(promql_duration(31 * 24h) == "31d");
  CHECK(promql_duration(36h) == "1d12h");
  CHECK(promql_duration(90s) == "1m30s");
  CHECK(promql_duration(1500ms) == "1s500ms");
  CHECK(promql_duration(1ns) == "1ms");
}

TEST_CASE("what a gateway keeps is seen at once, what was written once is sought") {
  CHECK(queries(Source::pushgateway).latest(run_metric::success) == "job_success");
  CHECK(queries(Source::pushgateway, R"(job="a")").latest(run_metric::success) == R"(job_success{job="a"})");
  CHECK(queries(Source::remote_write).latest(run_metric::success) == "last_over_time(job_success[31d])");
  CHECK(queries(Source::remote_write, R"(job="a")").latest(run_metric::success) ==
        R"(last_over_time(job_success{job="a"}[31d]))");
}

TEST_CASE("a metric of any prefix is paired with those of the same prefix, and with what only a job has") {
  const auto every =
      *RunQueries::make(MetricPrefix::of_option({}), {R"(job="a")"}, Source::pushgateway, std::nullopt);
  const std::string kills =
      R"re(label_replace({__name__=~".+oom_kills",job="a"}, "metric_prefix", "$1", "__name__", "(?:job_|(.+))oom_kills"))re";
  CHECK(every.latest(run_metric::oom_kills) == kills);
  CHECK(every.of_jobs(run_metric::oom_kills, " > 0") ==
        "(" + kills + " > 0\n    and " + every.latest(run_metric::start) + ")");
}

TEST_CASE("a prefix or a lookback that makes no sense is refused") {
  CHECK(is_sound("", Source::pushgateway, std::nullopt));
  CHECK(is_sound("ns:backup_", Source::remote_write, 7 * 24h));
  CHECK_FALSE(is_sound("1st_", Source::pushgateway, std::nullopt));
  CHECK_FALSE(is_sound("a-b", Source::pushgateway, std::nullopt));
  CHECK_FALSE(is_sound("job_", Source::pushgateway, 7 * 24h));
  CHECK_FALSE(is_sound("job_", Source::remote_write, 0s));
}
