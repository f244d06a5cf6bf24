#include "formats/lint.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace pushmetrics;

namespace {

/// Each finding as `line:column: NAME: TEXT`; `no help text` is left out unless it is all there is.
std::string findings(std::string_view text) {
  std::string result;
  for (const Diagnostic& each : lint_exposition(text)) {
    CHECK(each.severity == Severity::warning);
    result += std::to_string(each.position.line) + ":" + std::to_string(each.position.column) + ": " +
              each.message + "\n";
  }
  return result;
}

std::string about(const std::string& name, const std::string& type = "untyped") {
  std::string result = findings("# HELP " + name + " x\n# TYPE " + name + " " + type + "\n" + name + " 1\n");
  for (std::size_t at = 0; (at = result.find("1:8: " + name + ": ", at)) != std::string::npos;)
    result.erase(at, name.size() + 7);
  return result;
}

}  // namespace

TEST_CASE("metrics want help") {
  CHECK(findings("a 1\n") == "1:1: a: no help text\n");
  CHECK(findings("# HELP a \na 1\n") == "1:8: a: no help text\n");
  CHECK(findings("a 1\n# HELP a x\n") == "");
  CHECK(findings("# TYPE a summary\n# HELP a_count x\na_count 1\n") == "");
  CHECK(findings("# HELP a_count x\n# TYPE a summary\na_count 1\n") == "");
}

TEST_CASE("a family without samples is no concern") {
  CHECK(findings("# TYPE aB_ms gauge\n# TYPE b histogram\n") == "");
}

TEST_CASE("counters, and only they, end in _total") {
  CHECK(about("a", "counter") == "counter metrics should have \"_total\" suffix\n");
  CHECK(about("a_total", "gauge") == "non-counter metrics should not have \"_total\" suffix\n");
  CHECK(about("a_total", "counter") == "");
  CHECK(about("a_total") == "");
}

TEST_CASE("suffixes and labels of histograms and summaries are theirs alone") {
  CHECK(about("a_bucket", "gauge") == "non-histogram metrics should not have \"_bucket\" suffix\n");
  CHECK(about("a_sum", "gauge") == "non-histogram and non-summary metrics should not have \"_sum\" suffix\n");
  CHECK(about("a_count", "gauge") ==
        "non-histogram and non-summary metrics should not have \"_count\" suffix\n");
  CHECK(about("a_bucket") == "");
  CHECK(findings("# HELP a x\n# TYPE a gauge\na{x=\"\",le=\"1\"} 1\na{le=\"2\",quantile=\"1\"} 1\n") ==
        "3:8: a: non-histogram metrics should not have \"le\" label\n"
        "4:10: a: non-summary metrics should not have \"quantile\" label\n");
  CHECK(findings("# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 1\n") == "");
  CHECK(findings("# HELP a x\n# TYPE a summary\na{quantile=\"1\"} 1\n") == "");
  CHECK(findings("# HELP a x\na{quantile=\"1\",le=\"2\"} 1\n") == "");
}

TEST_CASE("units are base units, whole words of the name") {
  CHECK(about("a_milliseconds") == "use base unit \"seconds\" instead of \"milliseconds\"\n");
  CHECK(about("a_hours_total", "counter") == "use base unit \"seconds\" instead of \"hours\"\n");
  CHECK(about("kibibits") == "use base unit \"bytes\" instead of \"kibibits\"\n");
  CHECK(about("a_kilometres") == "use base unit \"metres\" instead of \"kilometres\"\n");
  CHECK(about("a_thermometers") == "");
  CHECK(about("a_seconds") == "");
  CHECK(about("a_Milliseconds") == "");
  CHECK(about("a_seconds_hours") == "");
}

TEST_CASE("names do not repeat the metric's own type") {
  CHECK(about("a_gauge", "gauge") == "metric name should not include type 'gauge'\n");
  CHECK(about("a_Counter_total", "counter") == "metric name should not include type 'counter'\n");
  CHECK(about("a_gauge_x", "summary") == "");
  CHECK(about("a_gauge") == "");
  CHECK(about("gauge", "gauge") == "");
  CHECK(about("a_untyped") == "");
}

TEST_CASE("names are snake_case, without colons and abbreviated units") {
  CHECK(about("aB") == "metric names should be written in 'snake_case' not 'camelCase'\n");
  CHECK(about("ABc") == "");
  CHECK(about("a:b") == "metric names should not contain ':'\n");
  CHECK(about("a_ms") == "metric names should not contain abbreviated units\n");
  CHECK(about("a_MB_b") == "metric names should not contain abbreviated units\n");
  CHECK(about("ms") == "");
  CHECK(findings("# HELP a x\na{b=\"\",cD=\"\"} 1\na{eF=\"\"} 1\n") ==
        "2:8: a: label names should be written in 'snake_case' not 'camelCase'\n");
}
