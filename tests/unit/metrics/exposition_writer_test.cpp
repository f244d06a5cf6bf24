#include "metrics/exposition_writer.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace pushmetrics;

TEST_CASE("values are spelled as Go spells them") {
  CHECK(format_value(0) == "0");
  CHECK(format_value(1.5) == "1.5");
  CHECK(format_value(1e21) == "1e+21");
  CHECK(format_value(0.1) == "0.1");
  CHECK(format_value(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(format_value(std::numeric_limits<double>::infinity()) == "+Inf");
  CHECK(format_value(-std::numeric_limits<double>::infinity()) == "-Inf");
}

TEST_CASE("a family is written in the strict form") {
  const Family family{"a",
                      MetricType::gauge,
                      "back\\slash \"quote\"\nline",
                      {{"a", {{"x", "q\"b\\n\n"}, {"y", ""}}, 1}, {"a", {}, -2.5}}};
  CHECK(
      write_exposition(std::vector{family}) ==
      "# HELP a back\\\\slash \"quote\"\\nline\n# TYPE a gauge\na{x=\"q\\\"b\\\\n\\n\",y=\"\"} 1\na -2.5\n");
}
