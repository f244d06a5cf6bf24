#include "job/added_counters.hpp"

#include "metrics/exposition_writer.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace pushmetrics;

namespace {

Family counter(double value, std::string help = {}) {
  return {"rows_total", MetricType::counter, std::move(help), {{"rows_total", {{"kind", "a\nb"}}, value}}};
}

}  // namespace

TEST_CASE("what is added to a series is summed up, with the first help text") {
  const std::string text = "other 1\n" + added_lines(counter(1.5)) + added_lines(counter(2, "Rows.\n.")) +
                           "# rows_total 7\n" + added_lines(counter(4, "Lines."));
  const AddedCounters added = read_added_counters(text);
  CHECK(write_exposition(added.families) ==
        "# HELP rows_total Rows.\\n.\n# TYPE rows_total counter\nrows_total{kind=\"a\\nb\"} 7.5\n");
  CHECK(added.invalid == 0);
}

TEST_CASE("lines that nobody can add are counted, and cost themselves only") {
  const AddedCounters added = read_added_counters(
      "# ADD a 1\n# ADD b -1\n# ADD a NaN\n# ADD a +Inf\n# ADD a{ 1\n# ADD \n# ADD a x\n#ADD a 1\n# ADD a 2");
  REQUIRE(added.families.size() == 1);
  CHECK(added.families[0].samples[0].value == 3);
  CHECK(added.invalid == 5);
}
