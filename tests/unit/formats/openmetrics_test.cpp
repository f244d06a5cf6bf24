#include "formats/openmetrics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace pushmetrics;

namespace {

std::string spelled(const std::vector<Diagnostic>& diagnostics) {
  std::string result;
  for (const Diagnostic& each : diagnostics)
    result += std::to_string(each.position.line) + ":" + std::to_string(each.position.column) + ": " +
              (each.severity == Severity::error ? "error: " : "note: ") + each.message + "\n";
  return result;
}

/// The text that `body`, without its `# EOF`, becomes; it must be right as it is.
std::string converted(const std::string& body) {
  const CheckResult result = check_openmetrics(body + "# EOF\n");
  CHECK_MESSAGE(result.valid, spelled(result.diagnostics));
  CHECK_FALSE(result.canonical);
  std::string text = result.repaired.value_or("");
  CHECK(text.ends_with("\n\n"));
  text.pop_back();
  return text;
}

/// What is said about a body without its `# EOF`.
std::string said(const std::string& body, const CheckOptions& options = {}) {
  return spelled(check_openmetrics(body + "# EOF\n", options).diagnostics);
}

bool mentions(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

}  // namespace

TEST_CASE("a counter is named with _total, in HELP and TYPE too, in whatever order they come") {
  CHECK(converted("# TYPE a counter\n# HELP a x\na_total 1\n") ==
        "# TYPE a_total counter\n# HELP a_total x\na_total 1\n");
  CHECK(converted("# HELP a x\n# TYPE a counter\na_total{b=\"c\"} 1\na_total{b=\"d\"} 2\n") ==
        "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"c\"} 1\na_total{b=\"d\"} 2\n");
}

TEST_CASE("a counter's new name is noted, and no fault under strict") {
  const CheckResult strict =
      check_openmetrics("# TYPE a counter\na_total 1\n# EOF\n", {.strictness = Strictness::strict});
  CHECK(strict.valid);
  CHECK(spelled(strict.diagnostics) ==
        "2:1: note: a counter's TYPE and HELP get the `_total` of its samples, as the text format has it\n");
}

TEST_CASE("types that the text format lacks become those that it has") {
  CHECK(converted("# TYPE a info\na_info{v=\"1\"} 1\n") == "# TYPE a_info gauge\na_info{v=\"1\"} 1\n");
  CHECK(converted("# TYPE a stateset\na{a=\"x\"} 1\na{a=\"y\"} 0\n") ==
        "# TYPE a gauge\na{a=\"x\"} 1\na{a=\"y\"} 0\n");
  CHECK(converted("# TYPE a unknown\na 1\n") == "# TYPE a untyped\na 1\n");
  CHECK(converted("a 1\n") == "a 1\n");
}

TEST_CASE("an info is 1, and each state of a stateset 1 or 0, however they are spelled") {
  CHECK(mentions(said("# TYPE a info\na_info{v=\"1\"} 2\n"),
                 "2:15: error: `2` is not a value of the info `a`: it is always 1"));
  CHECK(mentions(
      said("# TYPE a stateset\na{a=\"x\"} 0.5\na{a=\"y\"} NaN\n"),
      "2:10: error: `0.5` is not a value of the stateset `a`: each state is 1 or 0\n3:10: error: `NaN`"));
  for (const char* value : {"1", "+1", "1.0", "1e0", "01"})
    CHECK(
        converted("# TYPE a info\na_info " + std::string(value) + "\n").ends_with(value + std::string("\n")));
  for (const char* value : {"0", "-0", "0.0", "1.00"})
    CHECK(said("# TYPE a stateset\na{a=\"x\"} " + std::string(value) + "\n").empty());
  for (const char* value : {"0", "-1", "1.5", "+Inf", "1e300"})
    CHECK(mentions(said("# TYPE a info\na_info " + std::string(value) + "\n"), "it is always 1"));
  CHECK(mentions(said("# TYPE a stateset\na{a=\"x\"} 7\n", {.strictness = Strictness::strict}),
                 "2:10: error: `7`"));
}

TEST_CASE("histograms and summaries stay") {
  const std::string text =
      "# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 2\na_count 2\na_sum 3.5\n"
      "# TYPE b summary\nb{quantile=\"0.5\"} 1\nb_count 2\nb_sum 3.5\n";
  CHECK(converted(text) == text);
}

TEST_CASE("UNIT and _created leave an empty line, so that lines keep their numbers") {
  CHECK(converted("# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds\na_seconds_total 1\n"
                  "a_seconds_created 1520430000.123\n# TYPE b gauge\nb 1\n") ==
        "# TYPE a_seconds_total counter\n\n\na_seconds_total 1\n\n# TYPE b gauge\nb 1\n");
  CHECK(mentions(said("# TYPE a counter\na_total 1\na_created 1\n"),
                 "3:1: note: `_created` series are left out"));
  CHECK(converted("# TYPE a_created gauge\na_created 1\n") == "# TYPE a_created gauge\na_created 1\n");
}

TEST_CASE("exemplars are left out with a note, label values like them are not") {
  CHECK(converted("# TYPE a counter\na_total{b=\" # {}\"} 1 # {t=\"}\\\"\"} 0.5 123.4\n") ==
        "# TYPE a_total counter\na_total{b=\" # {}\"} 1\n");
  CHECK(said("a{b=\"1\"} 1 # {} 1\na{b=\"2\"} 1 # {} 1\n") ==
        "1:12: note: exemplars are left out: the text format has none\n");
  CHECK(mentions(said("# TYPE a counter\na_total 1 # {} \n"), "2:11: error: an exemplar"));
  for (const std::string labels :
       {"x=\"", "x=1", "x", "=\"1\"", "1x=\"1\"", "x=\"1\" y=\"2\"", ",", "\"x\"", "x=\"\\"})
    CHECK(mentions(said("# TYPE a counter\na_total 1 # {" + labels + "} 1\n"), "2:11: error: an exemplar"));
  for (const std::string labels : {"", " ", "x=\"\\\"}\"", "x = \"1\" , y=\"\\\\\",", "__x=\"# {\""})
    CHECK(
        mentions(said("# TYPE a counter\na_total 1 # {" + labels + "} 1\n"), "note: exemplars are left out"));
  CHECK(mentions(said("a 1 2 3\n", {.timestamps = Timestamps::strip}), "1:7: error: an exemplar"));
}

TEST_CASE("escapes are those of the text format") {
  CHECK(converted("# HELP a \\\"x\\\" \\\\ \\n \\d\n# TYPE a gauge\na{b=\"\\d \\\" \\\\ \\n\"} 1\n") ==
        "# HELP a \"x\" \\\\ \\n \\\\d\n# TYPE a gauge\na{b=\"\\\\d \\\" \\\\ \\n\"} 1\n");
}

TEST_CASE("timestamps, in seconds and fractions, are refused by the option's name or stripped") {
  CHECK(mentions(said("a 1 1520879607.789\n"), "1:5: error: "));
  CHECK(mentions(said("a 1 1520879607.789\n"), "--strip-timestamps"));
  const CheckResult stripped =
      check_openmetrics("a 1 1.5e9 # {} 1\n# EOF", {.timestamps = Timestamps::strip});
  CHECK(stripped.valid);
  CHECK(stripped.repaired == "a 1\n\n");
  CHECK(mentions(said("a 1 x\n", {.timestamps = Timestamps::strip}), "1:5: error: `x` is not a timestamp"));
}

TEST_CASE("a gaugehistogram is refused, with the reason") {
  CHECK(mentions(said("# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 2\na_gcount 2\na_gsum 1\n"),
                 "1:10: error: `a` is a gaugehistogram, for which neither"));
}

TEST_CASE("families are not interleaved") {
  CHECK(said("a{x=\"1\"} 1\nb 1\na{x=\"2\"} 1\na{x=\"3\"} 1\n") ==
        "3:1: error: `a` belongs to the family that began in line 1: OpenMetrics wants all lines of a family "
        "together\n");
  CHECK(mentions(said("# TYPE a counter\na_total 1\n# TYPE b gauge\nb 1\na_total{x=\"\"} 1\n"),
                 "5:1: error: `a_total` belongs to the family that began in line 1"));
  CHECK(mentions(said("# TYPE a gauge\na 1\nb 1\n# HELP a x\n"), "4:1: error: `a` belongs to"));
  CHECK(mentions(said("a_total 1\n# TYPE a counter\na_total 2\n"), "3:1: error: `a_total` belongs to"));
}

TEST_CASE("metadata comes once and before the samples") {
  CHECK(
      mentions(said("# TYPE a gauge\na 1\n# HELP a x\n"), "3:1: error: HELP of `a` comes after its samples"));
  CHECK(mentions(said("# TYPE a gauge\n# TYPE a gauge\na 1\n"), "2:1: error: a second TYPE for `a`"));
  CHECK(mentions(said("# TYPE a number\na 1\n"), "1:10: error: `number` is not a type"));
  CHECK(mentions(said("# TYPE 1a gauge\n"), "1:8: error: a metric name is wanted after TYPE"));
  CHECK(mentions(said("# UNIT a_seconds bytes\n"),
                 "1:18: error: the name `a_seconds` must end in its unit, `_bytes`"));
}

TEST_CASE("a sample without its type's suffix is refused, with those that there are") {
  CHECK(mentions(
      said("# TYPE a counter\na 1\n"),
      "2:1: error: in OpenMetrics the samples of the counter `a` are called `a_total`, `a_created`"));
  CHECK(mentions(said("# TYPE a info\na 1\n"), "are called `a_info`"));
}

TEST_CASE("what is not quite OpenMetrics is repaired with a note, and refused under strict") {
  const std::string body =
      "\xEF\xBB\xBF# TYPE a_total counter\r\n\na_total 1 \n # say\n# TYPE b untyped\nb 1";
  const CheckResult lenient = check_openmetrics(body);
  CHECK(lenient.repaired == "# TYPE a_total counter\n\na_total 1\n\n# TYPE b untyped\nb 1\n");
  for (const char* note :
       {"1:1: note: the byte order mark", "1:23: note: carriage returns", "2:1: note: empty lines",
        "3:1: note: white space", "3:1: note: in OpenMetrics a counter's TYPE", "4:2: note: comments",
        "5:10: note: the type `untyped`", "6:1: note: `# EOF` is missing"})
    CHECK(mentions(spelled(lenient.diagnostics), note));
  const CheckResult strict = check_openmetrics(body, {.strictness = Strictness::strict});
  CHECK_FALSE(strict.valid);
  CHECK(!strict.repaired);
  CHECK(strict.diagnostics.size() == lenient.diagnostics.size());
}

TEST_CASE("what only newer Pushgateways take is repaired with a note, and refused under strict") {
  for (const char* body :
       {"a 1\n{b} 1\n# EOF\n", "{\"b\",x=\"1\"} 1\n# EOF\n", "b{\"x\"=\"1\"} 1\n# EOF\n"}) {
    CAPTURE(body);
    CHECK(check_openmetrics(body).valid);
    CHECK_FALSE(check_openmetrics(body, {.strictness = Strictness::strict}).valid);
  }
}

TEST_CASE("nothing follows the end marker, and its newline may be missing") {
  CHECK(mentions(said("a 1\n# EOF\nb 1\n"), "3:1: error: nothing may follow"));
  CHECK(check_openmetrics("a 1\n# EOF").diagnostics.empty());
  CHECK(check_openmetrics("# EOF\n").valid);
}

TEST_CASE("what the text format refuses is refused in the line where it stands") {
  CHECK(mentions(said("# TYPE a gauge\n# UNIT a\na{b=\"c} 1\n"), "3:"));
  CHECK(mentions(said("# TYPE a gauge\na{b=\"c\"} x\n"), "2:10: error: "));
  CHECK(mentions(said("# TYPE a gauge\n# UNIT a\na 1\na 2\n"), "4:1: error: "));
  CHECK(mentions(said("1a 1\n"), "1:1: error: "));
}

TEST_CASE("columns are those of the input, whatever the conversion moved") {
  CHECK(mentions(said("# TYPE a gauge\n  a{b=\"c\"} x\n"), "2:12: error: "));
  CHECK(mentions(said("# TYPE a gauge\na{b=\"\\d\",c=\"1\",c=\"2\"} 1\n"), "2:16: error: "));
  CHECK(mentions(said("# TYPE a gauge\na{b=\"c\",b=\"\\d\"} 1\n"), "2:9: error: "));
}

TEST_CASE("no more errors are kept than asked for, and the others are counted") {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += "a 1 1\n";
  const CheckResult result = check_openmetrics(body, {.limit = 7});
  CHECK(std::ranges::count(result.diagnostics, Severity::error, &Diagnostic::severity) == 7);
  CHECK(result.omitted_errors == 993);
  CHECK_FALSE(result.valid);
}

TEST_CASE("whatever is valid becomes text that the strict check takes, line for line") {
  std::mt19937 random(20);
  const auto one_of = [&](auto... choices) {
    const std::vector<std::string> all = {choices...};
    return all[random() % all.size()];
  };
  for (int round = 0; round < 500; ++round) {
    std::string body;
    const int families = static_cast<int>(random() % 6);
    for (int i = 0; i < families; ++i) {
      const std::string name = one_of("a", "b:c", "_d", "e_seconds") + std::to_string(i) + "_bytes";
      const std::string type =
          one_of("counter", "gauge", "info", "stateset", "unknown", "summary", "histogram");
      std::vector<std::string> metadata = {"# TYPE " + name + " " + type + "\n"};
      if (random() % 2 == 0) metadata.push_back("# UNIT " + name + one_of(" bytes", "", " ") + "\n");
      if (random() % 2 == 0)
        metadata.push_back("# HELP " + name +
                           one_of(" ", "", " x\\\"y", " \\\\ \\n é", "  two", " \\q", " z\\") + "\n");
      std::shuffle(metadata.begin(), metadata.end(), random);
      for (const std::string& line : metadata) body += line;
      for (int j = 0; j < 2; ++j) {
        const std::string labels =
            "l=\"" + std::to_string(j) + one_of("", "\\\"", "\\\\", "é", "}", " # {", "\\z") + "\"";
        const std::string value =
            type == "stateset" ? one_of("0", "1.0") : one_of("1", "0.5", "+1e5", "17.0", "1e-10");
        const std::string exemplar = one_of("", "", " # {} 1", " # {t=\"} # {\\\"\"} 1.5 1520879607.789");
        if (type == "counter") {
          body += name + "_total{" + labels + "} " + value + exemplar + "\n";
          if (random() % 2 == 0) body += name + "_created{" + labels + "} 1520879607.789\n";
        } else if (type == "info") {
          body += name + "_info{" + labels + "} 1\n";
        } else if (type == "histogram") {
          body += name + "_bucket{" + labels + ",le=\"+Inf\"} 4" + exemplar + "\n";
          body += name + "_count{" + labels + "} 4\n" + name + "_sum{" + labels + "} " + value + "\n";
        } else if (type == "summary") {
          body += name + "{" + labels + ",quantile=\"0.5\"} NaN\n" + name + "_count{" + labels + "} 4\n";
        } else {
          body += name + "{" + labels + "} " + value + "\n";
        }
      }
    }
    body += "# EOF\n";
    const CheckResult result = check_openmetrics(body);
    CHECK_MESSAGE(result.valid, body << spelled(result.diagnostics));
    CHECK(check_exposition(*result.repaired, {.strictness = Strictness::strict}).valid);
    CHECK(std::ranges::count(*result.repaired, '\n') == std::ranges::count(body, '\n'));
  }
}
