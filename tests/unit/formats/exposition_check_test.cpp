#include "formats/exposition_parser.hpp"
#include "metrics/grouping_key.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

std::string check(std::string_view text, const CheckOptions& options = {}) {
  std::string told;
  for (const Diagnostic& diagnostic : check_exposition(text, options).diagnostics) {
    const char* severity = diagnostic.severity == Severity::error     ? "error"
                           : diagnostic.severity == Severity::warning ? "warning"
                                                                      : "note";
    told += std::to_string(diagnostic.position.line) + ":" + std::to_string(diagnostic.position.column) +
            ": " + severity + ": " + diagnostic.message + "\n";
  }
  return told;
}

const CheckOptions strict{.strictness = Strictness::strict};

}  // namespace

TEST_CASE("canonical text is left as it is") {
  const CheckResult result = check_exposition("# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 1\nb 2\n");
  CHECK(result.valid);
  CHECK(result.canonical);
  CHECK(result.samples == 3);
  CHECK(result.families == 2);
  CHECK(!result.repaired);
  CHECK(result.diagnostics.empty());
}

TEST_CASE("what can be repaired is, with one note a kind") {
  const CheckResult result = check_exposition(
      "\xEF\xBB\xBF# HELP a say \\\"hi\\\"\r\n# TYPE a gauge \r\na 1 \r\n\r\n{\"b\",x=\"1\"} 2\n# EOF\nc 3");
  CHECK(result.valid);
  CHECK_FALSE(result.canonical);
  CHECK(result.repaired == "# HELP a say \"hi\"\n# TYPE a gauge\na 1\n\nb{x=\"1\"} 2\nc 3\n");
  CHECK(check_exposition(*result.repaired, strict).canonical);
  CHECK(check("a 1\r\nb 2\r\nc 3 ") ==
        "1:4: note: replaced CRLF by a newline (on 2 lines)\n"
        "3:4: note: removed white space at the line's end\n"
        "3:5: note: added the final newline\n");
}

TEST_CASE("a name that loses its quotes does not grow together with the value") {
  CHECK(check_exposition("\"a\"1\n\"b\"{x=\"1\"} 1\n\"c\" 1\n").repaired == "a 1\nb{x=\"1\"} 1\nc 1\n");
}

TEST_CASE("under strict nothing is repaired") {
  for (const char* text : {"a 1", "a 1\r\n", "a 1 \n",
                           "\xEF\xBB\xBF"
                           "a 1\n"})
    CHECK_FALSE(check_exposition(text, strict).valid);
  const CheckResult quoted = check_exposition("{\"a\"} 1\n", strict);
  CHECK(quoted.valid);
  CHECK_FALSE(quoted.canonical);
}

TEST_CASE("the same series twice is an error that names both lines") {
  CHECK(check("a{x=\"1\",y=\"2\"} 1\nb 1\na{y=\"2\",x=\"1\"} 2\n") ==
        "3:1: error: the same series as on line 1: keep one, or tell them apart by a label\n");
  CHECK(check("a{x=\"\"} 1\na 1\na{x=\"1\"} 1\na{y=\"1\"} 1\n").empty());
}

TEST_CASE("the same series is found however its labels are written") {
  const std::string ways[] = {"a{x=\"1\",y=\"2\",z=\"\"} 1\n",      "a{z=\"\",y=\"2\",x=\"1\"} 1\n",
                              "a{x=\"1\",z=\"\",y=\"2\"} 1\n",      "a{ x=\"1\", y=\"2\", z=\"\" } 1\n",
                              "{\"a\",x=\"1\",y=\"2\",z=\"\"} 1\n", "a{\"x\"=\"1\",y=\"2\",z=\"\",} 1\n"};
  for (const std::string& one : ways)
    for (const std::string& other : ways) CHECK_FALSE(check_exposition(one + other).valid);
}

TEST_CASE("many series are told apart") {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "a{x=\"" + std::to_string(i) + "\"} 1\n";
  CHECK(check(text).empty());
  CHECK(check(text + "a{x=\"777\"} 1\n") ==
        "20001:1: error: the same series as on line 778: keep one, or tell them apart by a label\n");
}

TEST_CASE("of a long text it is told how much has been read") {
  std::string text;
  while (text.size() < 5'000'000) text += "a{x=\"" + std::to_string(text.size()) + "\"} 1\n";
  std::vector<std::size_t> told;
  check_exposition(text, {.on_progress = [&](std::string_view read) { told.push_back(read.size()); }});
  CHECK(told.size() == 4);
  for (const std::size_t bytes : told) CHECK(text[bytes - 1] == '\n');
}

TEST_CASE("series that differ only in what the grouping key replaces are the same") {
  CHECK_FALSE(check_exposition("a{job=\"x\"} 1\na{job=\"y\"} 1\n").valid);
  CHECK_FALSE(check_exposition("a{instance=\"\"} 1\na 1\n").valid);
  CHECK(check_exposition("a{instance=\"x\"} 1\na 1\n").valid);
  const auto group = GroupingKey::make("backup", {{"instance", "i"}, {"env", "prod"}});
  const CheckOptions options{.group = &*group};
  CHECK(check("a{env=\"test\"} 1\na{env=\"prod\"} 2\n", options) ==
        "1:3: warning: label env=\"test\" is overwritten by the grouping key's env=\"prod\"\n"
        "2:1: error: the same series as on line 1 once it is pushed, since the grouping key replaces labels "
        "(job always, "
        "instance is \"\" where it is missing): tell them apart by another label\n");
}

TEST_CASE("a histogram is one series, however its lines are mixed") {
  CHECK(check("# TYPE h histogram\nh_bucket{le=\"1\",x=\"1\"} 1\nh_sum{x=\"2\"} "
              "1\nh_bucket{x=\"1\",le=\"1\"} 1\nh_count{x=\"1\"} 1\n")
            .empty());
  CHECK_FALSE(check_exposition("# TYPE h histogram\nh_count{job=\"1\"} 1\nh_count{job=\"2\"} 1\n").valid);
}

TEST_CASE("a histogram's and a summary's own labels are numbers") {
  CHECK(check("# TYPE s summary\ns{quantile=\"x\"} 1\n") ==
        "2:13: error: label quantile of summary s must be a number, found `x`\n");
  CHECK(check("# TYPE h histogram\nh_bucket{le=\"1\"} -1\n") ==
        "2:18: error: a count of histogram h cannot be negative\n");
  CHECK(check("# TYPE h histogram\nh_bucket{x=\"1\"} 1\n") ==
        "2:1: warning: Pushgateway drops this line: a histogram has no sample without le, but for _sum and "
        "_count\n");
  CHECK_FALSE(check_exposition("a{le=\"1\",le=\"2\"} 1\n").valid);
  CHECK(check_exposition("# TYPE h histogram\nh_bucket{le=\"1\",le=\"2\"} 1\n").valid);
}

TEST_CASE("TYPE and HELP come once and first") {
  CHECK(check("a 1\n# TYPE a gauge\n") ==
        "2:8: error: TYPE line for a after its first sample on line 1: write it before\n");
  CHECK(check("# HELP a x\n# HELP a y\n") ==
        "2:8: error: second HELP line for a, the first is on line 1: keep one\n");
  CHECK(check("# HELP a \n# HELP a y\na 1\n").empty());
}

TEST_CASE("what belongs to a histogram cannot be a metric beside it") {
  CHECK(check("h_bucket{le=\"1\"} 1\n# TYPE h histogram\nh_sum 1\n")
            .starts_with("3:1: error: histogram h collides with untyped h_bucket on line 1: "));
  CHECK(check("# HELP s_count x\n# TYPE s summary\ns 1\ns_count 1\n")
            .find("4:1: error: untyped s_count collides with summary s on line 3") != std::string::npos);
  CHECK(check("s_bucket 1\n# TYPE s summary\ns_sum 1\n").empty());
}

TEST_CASE("timestamps are refused, or stripped when asked") {
  CHECK(check("a 1 5\n") ==
        "1:5: error: the sample has a timestamp, and Pushgateway takes none: remove it, or let "
        "--strip-timestamps do so\n");
  const CheckResult result = check_exposition("a 1 5 \nb{x=\"1\"} 2\t6\n", {.timestamps = Timestamps::strip});
  CHECK(result.valid);
  CHECK(result.repaired == "a 1\nb{x=\"1\"} 2\n");
}

TEST_CASE("no more errors are kept than asked for, and the others are counted") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "-\n";
  const CheckResult result = check_exposition(text + "a 1\na 1\n");
  CHECK(result.diagnostics.size() == 20);
  CHECK(result.omitted_errors == 81);
  CHECK(check_exposition(text, {.limit = 3}).diagnostics.size() == 3);
}

TEST_CASE("families are read in their order") {
  const ParsedFamilies parsed = parse_families(
      "# HELP s A\\nb\n# TYPE s summary\nb{x=\"\\\"\"} 1\ns{quantile=\"0.5\"} 2\ns_count 3\n# TYPE c "
      "gauge\n");
  REQUIRE(parsed.families.size() == 2);
  CHECK(parsed.families[0].name == "s");
  CHECK(parsed.families[0].help == "A\nb");
  CHECK(parsed.families[0].type == MetricType::summary);
  REQUIRE(parsed.families[0].samples.size() == 2);
  CHECK(parsed.families[0].samples[1].name == "s_count");
  CHECK(parsed.families[1].samples[0].labels == std::vector<Label>{{"x", "\""}});
  CHECK(parse_families("a 1\nb\n").families.empty());
  CHECK(parse_families("a 1\nb\n").diagnostics.size() == 1);
}

TEST_CASE("of appended lines a bad one costs itself, and the last value of a series wins") {
  const ParsedFamilies parsed = parse_appended(
      "a{x=\"1\",y=\"2\"} 1\nnonsense\n# TYPE a gauge\na{y=\"2\",x=\"1\"} 2\nb 1 5\n# TYPE a gauge\nc 7");
  REQUIRE(parsed.families.size() == 2);
  CHECK(parsed.families[0].type == MetricType::gauge);
  REQUIRE(parsed.families[0].samples.size() == 1);
  CHECK(parsed.families[0].samples[0].value == 2);
  CHECK(parsed.families[1].name == "c");
  REQUIRE(parsed.diagnostics.size() == 2);
  CHECK(parsed.diagnostics[0].position == Position{2, 9});
  CHECK(parsed.diagnostics[0].severity == Severity::warning);
  CHECK(parsed.diagnostics[1].position.line == 5);
}

TEST_CASE("of appended lines, one with a bound twice is dropped, since only a Pushgateway takes it") {
  const ParsedFamilies parsed =
      parse_appended("# TYPE h histogram\nh_bucket{le=\"1\",le=\"2\"} 1\nh_bucket{le=\"3\"} 1\n");
  REQUIRE(parsed.families.size() == 1);
  CHECK(parsed.families[0].samples.size() == 1);
  REQUIRE(parsed.diagnostics.size() == 1);
  CHECK(parsed.diagnostics[0].position == Position{2, 17});
}

TEST_CASE("of appended lines, labels that the grouping key replaces are dropped") {
  const ParsedFamilies parsed =
      parse_appended("# TYPE h histogram\nh_count{job=\"1\",x=\"1\"} 1\nh_sum{x=\"1\",instance=\"\"} 1\n");
  REQUIRE(parsed.families.size() == 1);
  for (const Sample& sample : parsed.families[0].samples)
    CHECK(sample.labels == std::vector<Label>{{"x", "1"}});
  REQUIRE(parsed.diagnostics.size() == 1);
  CHECK(parsed.diagnostics[0].message ==
        "label job is replaced by the grouping key's: the value here has no effect");
}

TEST_CASE("of appended lines, name and label are not taken for one word") {
  CHECK(parse_appended("ab{c=\"1\"} 1\na{bc=\"1\"} 2\n").families.size() == 2);
}

TEST_CASE("of appended families that collide the later one is dropped") {
  const ParsedFamilies parsed = parse_appended("s_count 1\n# TYPE s summary\ns{quantile=\"0.5\"} 1\n");
  REQUIRE(parsed.families.size() == 1);
  CHECK(parsed.families[0].name == "s_count");
  CHECK(parsed.diagnostics.size() == 1);
}

TEST_CASE("a family that clashes with a Pushgateway's own is told where that matters") {
  const auto said = [](const std::string& text) {
    const CheckResult result = check_exposition(text, {.clash_with_gateway = Severity::error});
    return result.diagnostics.empty() ? "" : result.diagnostics.front().message;
  };
  CHECK(
      said("go_goroutines 1\n") ==
      "the metric go_goroutines is untyped here, but a Pushgateway has a gauge of that name of its own, and "
      "refuses it: rename it, or give it that type");
  for (const char* text :
       {"# TYPE go_info counter\ngo_info 1\n", "process_cpu_seconds_total 1\n",
        "go_gc_duration_seconds_sum 1\n",
        "# TYPE pushgateway_http_requests_total counter\npushgateway_http_requests_total 1\n",
        "a 1\npushgateway_http_push_size_bytes_count 1\n"}) {
    CAPTURE(text);
    CHECK_FALSE(said(text).empty());
    CHECK(check_exposition(text).diagnostics.empty());
  }
  for (const char* text : {"# TYPE go_goroutines gauge\ngo_goroutines 1\n", "# TYPE go_info counter\n",
                           "go_goroutines_sum 1\n", "go_gc_duration_seconds_bucket 1\n", "go_count 1\n",
                           "# TYPE go_gc_duration_seconds summary\ngo_gc_duration_seconds_sum 1\n"}) {
    CAPTURE(text);
    CHECK(said(text) == "");
  }
}
