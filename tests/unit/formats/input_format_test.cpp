#include "formats/input_format.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace pushmetrics;

TEST_CASE("what begins like JSON is JSON") {
  for (const char* json :
       {"{}", " \n{\"a\": 1}", "[", "[{\"name\": 1}]", "\xEF\xBB\xBF{\"a\":1}", "{\"a\"", "{\"a\\\"}\": 1}",
        "{", "{\n}\n", "{a: 1}", "{a: 1, b: {c: 2}}\n", "{a: 1,\n", "{'a': 1}"}) {
    CAPTURE(json);
    CHECK(detect_format(json) == InputFormat::json);
  }
}

TEST_CASE("samples that begin with a brace are text") {
  for (const char* text : {"{a} 1\n", "{a:b,} +Inf\n", "{a:b,x=\"{}\"} 1\nb 1\n", "{\"a\"} 1\n",
                           "{\"a\",b=\"c\"} 1\n", "{a=\"b\"} 1\n", "{} 1\n", "{ \"a\" , b=\"c\"} 1\n"}) {
    CAPTURE(text);
    CHECK(detect_format(text) == InputFormat::text);
  }
}

TEST_CASE("what only OpenMetrics has is OpenMetrics") {
  for (const char* text :
       {"# TYPE a info\n# UNIT a x\na_info 1\n", "# TYPE a unknown\na 1", "# TYPE a stateset\n",
        "a 1\n# TYPE b gaugehistogram\n", "# TYPE a counter\n# HELP a x\na_total{b=\"c\"} 1\n",
        "# TYPE a counter\r\na_total 1\r\n", "# TYPE a counter\n# TYPE b gauge\n\n \na_total 1\n",
        "a{b=\"c\"} 1 # {x=\"y\"} 1\n", "# TYPE a gauge\na 1 # {} 1\n"}) {
    CAPTURE(text);
    CHECK(detect_format(text) == InputFormat::openmetrics);
  }
}

TEST_CASE("text stays text") {
  for (const char* text :
       {"", "a 1\n", "a 1\n# EOF\n", "# TYPE a counter\na 1\na_total 2\n",
        "# TYPE a_total counter\na_total 1\n", "a{b=\" # {\"} 1\n", "a{b=\"\\\" # {\"} 1\n",
        "# HELP a see # {x} 1\n", "# HELP a # UNIT b c\na 1\n", "# TYPE a counter\nb_total 1\n",
        "# TYPE a counter\na_totals 1\n", "# UNIT\n", "# TYPE a counter", "#",
        "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n", "# TYPE a counter\n#"}) {
    CAPTURE(text);
    CHECK(detect_format(text) == InputFormat::text);
  }
}

TEST_CASE("what is hard to tell is told in no time") {
  std::string types;
  for (int i = 0; i < 50'000; ++i) types += "# TYPE a" + std::to_string(i) + " counter\n";
  CHECK(detect_format(types + "b 1\n") == InputFormat::text);
  CHECK(detect_format(types + "a7_total 1\n") == InputFormat::openmetrics);
  std::string value;
  for (int i = 0; i < 200'000; ++i) value += " # {";
  CHECK(detect_format("a{b=\"" + value + "\"} 1\n") == InputFormat::text);
}
