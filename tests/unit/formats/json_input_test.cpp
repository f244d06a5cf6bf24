#include "formats/json_input.hpp"

#include "metrics/grouping_key.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace pushmetrics;

namespace {

std::string exposition(std::string_view json) {
  const JsonMetrics metrics = parse_json_metrics(json);
  for (const Diagnostic& each : metrics.diagnostics) FAIL_CHECK(each.message);
  return metrics.text;
}

/// `line:column: message` of each error.
std::string errors(std::string_view json, const GroupingKey* group = nullptr) {
  std::string result;
  for (const Diagnostic& each : parse_json_metrics(json, group).diagnostics) {
    CHECK(each.severity == Severity::error);
    result += std::to_string(each.position.line) + ":" + std::to_string(each.position.column) + ": " +
              each.message + "\n";
  }
  return result;
}

bool mentions(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

}  // namespace

TEST_CASE("an object of names and values is a family each, gauges unless it says otherwise") {
  CHECK(exposition(R"({"a": 1, "b": true, "c": false, "d": -2.5e3})") ==
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE c gauge\nc 0\n# TYPE d gauge\nd -2500\n");
}

TEST_CASE("an entry may have type, help and labels") {
  CHECK(
      exposition(
          R"({"a_total": {"value": 3, "type": "counter", "help": "Say \"a\".\n", "labels": {"x": "1"}}})") ==
      "# HELP a_total Say \"a\".\\n\n# TYPE a_total counter\na_total{x=\"1\"} 3\n");
  CHECK(exposition(R"({"a": {"value": 3, "type": "UNTYPED"}})") == "# TYPE a untyped\na 3\n");
}

TEST_CASE("entries of one name are one family, wherever they stand") {
  CHECK(exposition(R"([{"name": "a", "value": 1, "labels": {"x": "1"}},
                       {"name": "b", "value": 2},
                       {"name": "a", "value": 3, "labels": {"x": "2"}, "help": "late", "type": "counter"}])") ==
        "# HELP a late\n# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 3\n# TYPE b gauge\nb 2\n");
  CHECK(exposition(R"({"a": {"value": 1, "labels": {"x": "1"}}, "a": 2})") ==
        "# TYPE a gauge\na{x=\"1\"} 1\na 2\n");
}

TEST_CASE("labels that are numbers or bools count as they are spelled, and are sorted") {
  CHECK(exposition(R"({"a": {"value": 1, "labels": {"z": 1.50, "y": true, "x": "\u00e9\n"}}})") ==
        "# TYPE a gauge\na{x=\"é\\n\",y=\"true\",z=\"1.50\"} 1\n");
}

TEST_CASE("strings stand for the numbers that JSON does not have") {
  CHECK(exposition(R"({"a": "NaN", "b": "+Inf", "c": "-Infinity", "d": "inf"})") ==
        "# TYPE a gauge\na NaN\n# TYPE b gauge\nb +Inf\n# TYPE c gauge\nc -Inf\n# TYPE d gauge\nd +Inf\n");
}

TEST_CASE("nothing is no families and no error") {
  for (const char* json : {"{}", "[]", "\xEF\xBB\xBF {}"}) {
    const JsonMetrics metrics = parse_json_metrics(json);
    CHECK(metrics.text.empty());
    CHECK(metrics.diagnostics.empty());
  }
}

TEST_CASE("each family's first entry has its place") {
  const JsonMetrics metrics =
      parse_json_metrics("{\"a\": 1,\n  \"b\\u0041\": 2,\n\n \"c\": {\"value\": 1}, \"d\": 4}");
  CHECK(metrics.text ==
        "# TYPE a gauge\na 1\n# TYPE bA gauge\nbA 2\n# TYPE c gauge\nc 1\n# TYPE d gauge\nd 4\n");
  const Position expected[] = {{1, 2}, {2, 3}, {4, 2}, {4, 21}};
  for (std::size_t line = 1; line <= 8; ++line) CHECK(metrics.origin(line) == expected[(line - 1) / 2]);
  const JsonMetrics longer = parse_json_metrics(
      "[{\"name\": \"a\", \"value\": 1, \"help\": \"x\"}, {\"name\": \"b\", \"value\": 2},\n"
      "{\"name\": \"a\", \"value\": 3, \"labels\": {\"x\": \"\\n\"}}]");
  CHECK(longer.text == "# HELP a x\n# TYPE a gauge\na 1\na{x=\"\\n\"} 3\n# TYPE b gauge\nb 2\n");
  CHECK(longer.origin(4) == Position{1, 11});
  CHECK(longer.origin(5) == Position{1, 51});
}

TEST_CASE("a value that is no number is refused where it stands") {
  CHECK(errors("{\"a\": null}") == "1:7: metric `a`: the value must be a number, not null\n");
  CHECK(errors("{\"a\":\n[1]}") == "2:1: metric `a`: the value must be a number, not an array\n");
  CHECK(errors(R"({"a": "x"})") == "1:7: metric `a`: the value must be a number, not the string `x`\n");
  CHECK(errors(R"({"a": "5"})") ==
        "1:7: metric `a`: the value must be a number, not the string `5`: remove the quotes\n");
  CHECK(errors(R"({"a": "-NaN"})") == "1:7: metric `a`: the value must be a number, not the string `-NaN`\n");
  CHECK(errors(R"({"a": {"value": {"b": 1}}})") ==
        "1:17: metric `a`: the value must be a number, not an object\n");
  CHECK(errors(R"({"a": {"type": "gauge"}})") == "1:2: metric `a` has no `value`\n");
}

TEST_CASE("all errors of a document are told, in its order") {
  CHECK(errors("{\"1a\": 1,\n \"b\": null,\n \"c\": {\"value\": 1, \"typ\": \"gauge\"}}") ==
        "1:2: `1a` is not a metric name: it takes letters, digits, `_` and `:`, no digit first\n"
        "2:7: metric `b`: the value must be a number, not null\n"
        "3:20: metric `c` has the unknown key `typ`; did you mean `type`?\n");
}

TEST_CASE("what an entry has too much or not at all is named") {
  CHECK(errors(R"([{"value": 1}])") == "1:2: this metric has no `name`\n");
  CHECK(errors(R"([5])") == "1:2: an object with `name` and `value` is wanted here, not a number\n");
  CHECK(errors(R"([[[]]])") == "1:2: an object with `name` and `value` is wanted here, not an array\n");
  CHECK(errors(R"([{"name": 5, "value": 1}])") == "1:11: `name` must be a string, not a number\n");
  CHECK(errors(R"({"a": {"name": "a", "value": 1}})") ==
        "1:8: metric `a` has its name already: remove `name`\n");
  CHECK(errors(R"({"a": {"value": 1, "timestamp": 5}})") ==
        "1:20: metric `a` has the unknown key `timestamp`\n");
  CHECK(errors(R"({"a": {"value": 1, "value": 2}})") ==
        "1:20: metric `a` has `value` a second time, after line 1\n");
  CHECK(errors("7") == "1:1: an object or an array of metrics is wanted, not a number\n");
}

TEST_CASE("a type is one that has one value") {
  CHECK(mentions(errors(R"({"a": {"value": 1, "type": "histogram"}})"), "use the text format"));
  CHECK(mentions(errors(R"({"a": {"value": 1, "type": "number"}})"), "it takes counter, gauge or untyped"));
  CHECK(mentions(errors(R"({"a": {"value": 1, "type": 1}})"), "`type` must be a string, not a number"));
}

TEST_CASE("entries of one family must agree and have different labels") {
  CHECK(errors("[{\"name\":\"a\",\"value\":1,\"type\":\"gauge\",\"help\":\"x\"},\n"
               "{\"name\":\"a\",\"value\":1,\"type\":\"counter\",\"help\":\"y\",\"labels\":{\"l\":\"\"}}]") ==
        "2:30: metric `a` is of type counter here, but gauge in line 1\n"
        "2:47: metric `a` has another help in line 1\n");
  CHECK(errors("{\"a\": {\"value\": 1, \"labels\": {\"x\": \"1\", \"y\": \"2\"}},\n"
               "\"a\": {\"value\": 1, \"labels\": {\"y\": \"2\", \"x\": 1}}}") ==
        "2:1: metric `a` has a second value for the same labels, after line 1\n");
}

TEST_CASE("entries that only labels of the group tell apart are refused where they stand") {
  const auto group = GroupingKey::make("j", {{"db", "x"}});
  const std::string json =
      "[{\"name\":\"a\",\"value\":1,\"labels\":{\"db\":\"1\",\"q\":\"1\"}},\n {\"name\":\"b\",\"value\":1},\n"
      " {\"name\":\"a\",\"value\":2,\"labels\":{\"q\":\"1\",\"db\":\"2\"}}, "
      "{\"name\":\"a\",\"value\":2,\"labels\":{\"q\":2}}]";
  CHECK(errors(json).empty());
  CHECK(
      errors(json, &*group) ==
      "3:10: metric `a` has the same labels as in line 1 once it is pushed, since the grouping key replaces "
      "labels (job always, instance is \"\" where it is missing): tell them apart by another label\n");
}

TEST_CASE("a job and an empty instance are the group's, whichever it is") {
  CHECK(mentions(
      errors("[{\"name\":\"a\",\"value\":1,\"labels\":{\"job\":\"x\"}},\n{\"name\":\"a\",\"value\":1}]"),
      "2:9: metric `a` has the same labels as in line 1 once it is pushed"));
  CHECK(mentions(errors("{\"a\":{\"value\":1,\"labels\":{\"instance\":\"\"}},\n\"a\":1}"),
                 "2:1: metric `a` has the same"));
  CHECK(errors("{\"a\":{\"value\":1,\"labels\":{\"instance\":\"x\"}},\n\"a\":1}").empty());
}

TEST_CASE("labels have names, and one value each") {
  CHECK(mentions(errors(R"({"a": {"value": 1, "labels": {"a-b": ""}}})"),
                 "1:31: metric `a`: `a-b` is not a label name"));
  CHECK(mentions(errors(R"({"a": {"value": 1, "labels": {"__a": ""}}})"), "reserved"));
  CHECK(mentions(errors(R"({"a": {"value": 1, "labels": {"x": null}}})"),
                 "label `x` must be a string, not null"));
  CHECK(mentions(errors(R"({"a": {"value": 1, "labels": {"x": {"y": []}}}})"),
                 "must be a string, not an object"));
  CHECK(mentions(errors(R"({"a": {"value": 1, "labels": {"x": "1", "x": "2"}}})"), "has `x` a second time"));
  CHECK(mentions(errors(R"({"a": {"value": 1, "labels": ["x"]}})"),
                 "`labels` must be an object, not an array"));
}

TEST_CASE("an error of syntax is told with its place") {
  CHECK(errors("{\"a\": 1,\n}") ==
        "2:1: not JSON: syntax error while parsing object key - unexpected '}'; expected string literal\n");
  CHECK(errors("{\"a\": NaN}") ==
        "1:7: not JSON: syntax error while parsing value - invalid literal; put it in quotes\n");
  CHECK(mentions(errors("{\"a\": -Infinity}"), "put it in quotes"));
  CHECK(mentions(errors("{\"a\": 1e999}"), "number overflow"));
  CHECK(mentions(errors("{\"a\": 1"), "1:8: not JSON: "));
  CHECK(mentions(errors(""), "1:1: not JSON: "));
  CHECK(mentions(errors("{\"a\": 1} x"), "1:10: not JSON: "));
  using namespace std::string_view_literals;
  CHECK(mentions(errors("{\"a\": 1}\0"sv), "1:9: not JSON: "));
  CHECK(mentions(errors("{\"a\": 1}\n\0{\"b\": 2}"sv), "2:1: not JSON: "));
  CHECK(mentions(errors("{\"a\": 1\0}"sv), "1:8: not JSON: "));
  CHECK(mentions(errors("{\"a\xFF\": 1}"), "UTF-8"));
}

TEST_CASE("nesting without end is refused, not followed") {
  CHECK(mentions(errors(std::string(100'000, '[')), "not JSON"));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(errors(deep) == "1:2: an object with `name` and `value` is wanted here, not an array\n");
}

TEST_CASE("a document full of errors is no more work than one without") {
  std::string json = "[";
  for (int i = 0; i < 200'000; ++i) json += "{\"name\":\"a\",\"value\":1,\"value\":1},\n";
  json += "{}]";
  CHECK(parse_json_metrics(json).diagnostics.size() <= 100);
}
