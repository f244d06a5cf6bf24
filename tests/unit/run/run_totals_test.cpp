#include "run/run_totals.hpp"

#include "metrics/exposition_writer.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace pushmetrics;

namespace {

/// Counters by name and label `kind`.
RunTotals added(const std::map<std::string, std::map<std::string, double>>& counters) {
  RunTotals totals;
  for (const auto& [name, kinds] : counters) {
    Family family{name, MetricType::counter, {}, {}};
    for (const auto& [kind, value] : kinds) family.samples.push_back({name, {{"kind", kind}}, value});
    totals.added.push_back(std::move(family));
  }
  return totals;
}

std::string text(const RunTotals& totals) { return write_exposition(total_families(totals, "job_")); }

}  // namespace

TEST_CASE("what runs add is summed up by series, and of two places the larger one counts") {
  const RunTotals one = added({{"a", {{"x", 1}, {"y", 2}}}}),
                  other = added({{"a", {{"y", 5}}}, {"b", {{"x", 7}}}});
  CHECK(text(followed_by(one, other)) == text(added({{"a", {{"x", 1}, {"y", 7}}}, {"b", {{"x", 7}}}})));
  CHECK(text(merged(one, other)) == text(added({{"a", {{"x", 1}, {"y", 5}}}, {"b", {{"x", 7}}}})));
}

TEST_CASE("a part that no target could report is added to what they hold later, the others go on") {
  KnownTotals known{added({{"a", {{"x", 10}}}}), {}};
  add_run(known, added({{"a", {{"x", 1}}}, {"b", {{"x", 2}}}}), std::nullopt);
  CHECK(text(known.all) == text(added({{"a", {{"x", 11}}}})));
  CHECK(text(known.here_only) == text(added({{"b", {{"x", 2}}}})));
  add_run(known, added({{"b", {{"x", 3}}}}),
          added({{"a", {{"x", 4}}}, {"b", {{"x", 100}}}, {"c", {{"x", 9}}}}));
  CHECK(text(known.all) == text(added({{"a", {{"x", 11}}}, {"b", {{"x", 105}}}})));
  CHECK(known.here_only.empty());
  add_run(known, added({{"c", {{"x", 1}}}}), added({{"a", {{"x", 40}}}, {"c", {{"x", 9}}}}));
  CHECK(text(known.all) == text(added({{"a", {{"x", 40}}}, {"b", {{"x", 105}}}, {"c", {{"x", 10}}}})));
}

TEST_CASE("series that differ in labels of the group only are one") {
  RunTotals totals = added({{"a", {{"x", 1}, {"y", 2}, {"", 4}}}});
  drop_group_labels(totals, GroupLabels(std::vector<Label>{{"job", "j"}}));
  CHECK(write_exposition(totals.added) == "# TYPE a counter\na 4\na{kind=\"x\"} 1\na{kind=\"y\"} 2\n");
  drop_group_labels(totals, GroupLabels(std::vector<Label>{{"job", "j"}, {"kind", "z"}}));
  CHECK(write_exposition(totals.added) == "# TYPE a counter\na 7\n");
}

TEST_CASE("a histogram counts runs by their durations, and is read back") {
  DurationHistogram histogram = observed_duration({1, 60}, std::chrono::milliseconds(500));
  for (const int seconds : {1, 2, 90})
    histogram = followed_by(histogram, observed_duration({1, 60}, std::chrono::seconds(seconds)));
  const Family family = duration_family(histogram, "job_");
  CHECK(write_exposition({&family, 1}) ==
        "# HELP job_run_duration_seconds Wall time of all runs.\n"
        "# TYPE job_run_duration_seconds histogram\n"
        "job_run_duration_seconds_bucket{le=\"1\"} 2\n"
        "job_run_duration_seconds_bucket{le=\"60\"} 3\n"
        "job_run_duration_seconds_bucket{le=\"+Inf\"} 4\n"
        "job_run_duration_seconds_sum 93.5\n"
        "job_run_duration_seconds_count 4\n");
  CHECK(read_duration_family(family) == histogram);
}

TEST_CASE("with other bounds, a histogram begins anew, and those of a target are not used") {
  const auto ours = observed_duration({1}, std::chrono::seconds(2));
  const auto other = followed_by(observed_duration({5}, std::chrono::seconds(1)),
                                 observed_duration({5}, std::chrono::seconds(2)));
  CHECK(followed_by(other, ours) == ours);
  CHECK(merged(ours, other) == ours);
  CHECK(merged(other, ours) == other);
}

TEST_CASE("what is no histogram of durations is not read as one") {
  const Family good = duration_family(observed_duration({1, 60}, std::chrono::seconds(2)), "job_");
  for (std::size_t i = 0; i < good.samples.size(); ++i) {
    for (const double wrong : {-1.0, 0.5, 1e300 * 1e300}) {
      Family family = good;
      family.samples[i].value = wrong;
      if (family.samples[i].name.ends_with("_sum") && wrong == 0.5) continue;
      CHECK_FALSE(read_duration_family(family));
    }
    Family family = good;
    family.samples[i].labels.push_back({"x", "y"});
    CHECK_FALSE(read_duration_family(family));
  }
  CHECK_FALSE(read_duration_family({"job_run_duration_seconds", MetricType::histogram, "", {}}));
}
