#include "sinks/textfile_contents.hpp"

#include "formats/exposition_parser.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <initializer_list>
#include <set>
#include <utility>

using namespace pushmetrics;

namespace {

GroupLabels group(std::string job, std::vector<Label> labels = {}) {
  return GroupLabels(*GroupingKey::make(std::move(job), std::move(labels)));
}

std::vector<Family> families(std::string_view text) { return parse_families(text).families; }

}  // namespace

TEST_CASE("a file's name is for a person to read, and no other group's") {
  CHECK(textfile_name(group("backup", {{"instance", "db1"}})) ==
        "pushmetrics-backup-db1-b4915f52722c0b7c.prom");
  std::set<std::string> names;
  for (const GroupLabels& key :
       {group("a"), group("a", {{"b", ""}}), group("a", {{"b", "c"}}), group("a", {{"c", "b"}}), group("a-b"),
        group("a/b"), group("a b"), group("a_b"), group("a", {{"b", "c"}, {"d", "e"}}), group("A"),
        group(std::string(300, 'x')), group(std::string(301, 'x'))})
    CHECK(names.insert(textfile_name(key)).second);
  for (const std::string& name : names) {
    CHECK(name.starts_with("pushmetrics-"));
    CHECK(name.ends_with(".prom"));
    CHECK(name.size() < 200);
    CHECK(name.find('/') == std::string::npos);
  }
}

TEST_CASE("a file tells its group and the time of its push, whatever the labels hold") {
  TextfileContents contents;
  contents.labels = group("a\"b\\c\nd}", {{"path", "/x"}, {"empty", ""}, {"accent", "\xC3\xA9"}});
  contents.pushed += std::chrono::milliseconds(1700000000250);
  contents.families = families("# HELP x X.\n# TYPE x gauge\nx{job=\"a\"} 1\n");
  const std::string text = write_textfile(contents);
  CHECK(text.starts_with("# pushmetrics {job=\"a\\\"b\\\\c\\nd}\","));
  CHECK(text.ends_with("} 1700000000.25\n# HELP x X.\n# TYPE x gauge\nx{job=\"a\"} 1\n"));
  const auto header = read_textfile_header(text);
  REQUIRE(header);
  CHECK(header->labels == contents.labels);
  CHECK(header->pushed == contents.pushed);
  CHECK(families(text).size() == 1);
}

TEST_CASE("somebody else's file is not taken for ours") {
  for (const char* text :
       {"", "x 1\n", "# pushmetrics\n", "# pushmetrics {\n", "# pushmetrics {} NaN\n",
        "# pushmetrics {job=\"a} 1\n", "# pushmetrics {job=\"a\"} -1\n", "# pushmetrics {job=\"a\"} 1e300\n",
        "# pushmetrics {} 1\n", "# pushmetrics {a=\"b\"} 1\n", "\n# pushmetrics {job=\"a\"} 1\n"}) {
    CAPTURE(text);
    CHECK_FALSE(read_textfile_header(text));
  }
}

TEST_CASE("a push replaces the families that it names and leaves the others") {
  auto held = families("a{x=\"1\"} 1\nb 2\n");
  replace_families(held, families("a{x=\"2\"} 3\nc 4\n"));
  REQUIRE(held.size() == 3);
  REQUIRE(held[0].samples.size() == 1);
  CHECK(held[0].samples[0].labels == std::vector<Label>{{"x", "2"}});
  CHECK(held[1].name == "b");
  CHECK(held[2].name == "c");
}

TEST_CASE("very many families are put over as many, and beside as many, without delay") {
  constexpr int count = 100000;
  std::string text;
  for (int i = 0; i < count; ++i) text += "m" + std::to_string(i) + "{job=\"a\"} 1\n";
  auto held = families(text);
  const auto neighbour = families("x 1\n" + text);
  auto other = families("m99999{job=\"b\"} 1\n");
  const std::clock_t before = std::clock();
  replace_families(held, families(text));
  CHECK(neighbour_problem(held, neighbour) == "it holds the same series of m0");
  CHECK(neighbour_problem(other, neighbour).empty());
  CHECK(std::clock() - before < 5 * CLOCKS_PER_SEC);  // each compared with each, it takes far more
  CHECK(held.size() == count);
}

TEST_CASE("the HELP of other files decides, since node_exporter drops what differs") {
  using Author = SharedHelp::Author;
  const auto with = families("# HELP a Old words.\n# TYPE a gauge\na{job=\"y\"} 1\n");
  const auto without = families("# TYPE a gauge\na{job=\"z\"} 1\n");
  const auto help_of = [](std::initializer_list<std::pair<std::vector<Family>, Author>> others) {
    auto own = families("# HELP a New words.\n# TYPE a gauge\na{job=\"x\"} 1\n");
    SharedHelp help;
    for (const auto& [other, author] : others) help.add(other, author);
    help.add(own, Author::pushmetrics);
    help.apply_to(own);
    return own[0].help;
  };
  CHECK(help_of({}) == "New words.");
  CHECK(help_of({{with, Author::pushmetrics}}) == "Old words.");
  CHECK(help_of({{without, Author::pushmetrics}}) == "New words.");
  CHECK(help_of({{with, Author::pushmetrics}, {without, Author::other}}) == "");
  CHECK(help_of({{without, Author::other}, {with, Author::pushmetrics}}) == "");
  CHECK(help_of({{without, Author::pushmetrics}, {with, Author::other}}) == "Old words.");

  auto own = without;
  CHECK(SharedHelp().apply_to(own));
  CHECK(own[0].help == "Pushed by pushmetrics.");
  CHECK_FALSE(SharedHelp().apply_to(own));
}

TEST_CASE("another type and the same series in a neighbour cannot be resolved") {
  auto own = families("# TYPE a gauge\na{job=\"x\",b=\"\"} 1\n");
  CHECK(neighbour_problem(own, families("# TYPE a counter\na{job=\"y\"} 1\n")) ==
        "there a is of type counter, not gauge");
  CHECK(neighbour_problem(own, families("# TYPE a gauge\na{job=\"x\"} 2\n")) ==
        "it holds the same series of a");
}

TEST_CASE("what a histogram or summary has to itself cannot be in a neighbour") {
  const std::string_view histogram = "# TYPE r histogram\nr_bucket{job=\"x\",le=\"+Inf\"} 1\n";
  const std::string_view summary = "# TYPE r summary\nr_count{job=\"x\"} 1\n";
  const auto fit = [](std::string_view own, std::string_view neighbour) {
    auto fitted = families(own);
    return neighbour_problem(fitted, families(neighbour));
  };
  for (const std::string part : {"r_count", "r_sum", "r_bucket"}) {
    const std::string alone = part + "{job=\"y\"} 1\n";
    CAPTURE(part);
    CHECK(fit(alone, histogram) == "there r is a histogram, which has " + part + " to itself");
    CHECK(fit(histogram, alone) == "it holds " + part + ", which the histogram r has to itself");
    if (part == "r_bucket") continue;
    CHECK(fit(alone, summary) == "there r is a summary, which has " + part + " to itself");
    CHECK(fit(summary, alone) == "it holds " + part + ", which the summary r has to itself");
  }
  CHECK(fit("r_bucket 1\n", summary).empty());
  CHECK(fit(summary, "r_bucket 1\n").empty());
  CHECK(fit("r_count 1\n_count 1\n", "# TYPE r counter\nr 1\n").empty());
  CHECK(fit("# TYPE r gauge\nr 1\n", "r_count 1\n").empty());
  CHECK(fit(histogram, "# TYPE r histogram\nr_count{job=\"y\"} 1\n").empty());
}

TEST_CASE("a list tells of a file what it tells of a gateway's group") {
  TextfileContents contents;
  contents.labels = group("x");
  contents.pushed += std::chrono::seconds(1700000000);
  contents.families = families(
      "# TYPE job_success gauge\njob_success{job=\"x\"} 1\n"
      "# TYPE job_runs_total counter\n"
      "job_runs_total{job=\"x\",status=\"success\"} 5\njob_runs_total{job=\"x\",status=\"failure\"} 2\n"
      "job_duration_seconds{a=\"1\"} 1\njob_duration_seconds{a=\"2\"} 1\n");
  const GroupSnapshot held = held_group(contents, "job_");
  CHECK(held.last_push == contents.pushed);
  CHECK(held.success == 1);
  CHECK(held.runs_succeeded == 5);
  CHECK(held.runs_failed == 2);
  CHECK_FALSE(held.duration_seconds);
  CHECK(held.families == 3);
  CHECK(held.series == 5);
}
