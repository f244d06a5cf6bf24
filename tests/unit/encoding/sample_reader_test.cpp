#include "encoding/sample_reader.hpp"

#include "support/text.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pushmetrics;

namespace {

Push push_of(std::string body) {
  return {*GroupingKey::make("j", {{"zone", "a"}}), PushMode::add, std::move(body), {}};
}

/// What the reader refuses; empty: nothing.
std::string prepare(SampleReader& reader) {
  for (;;) {
    const auto prepared = reader.prepare();
    if (!prepared) return prepared.error();
    if (*prepared) return {};
  }
}

/// `a=1 a=2|h_bucket=3`: the batches.
std::string batches(std::string body, SampleReader::Points points, std::size_t samples) {
  const Push push = push_of(std::move(body));
  SampleReader reader(push, points, {.samples = samples});
  REQUIRE(prepare(reader).empty());
  std::string words;
  while (!reader.at_end()) {
    if (!words.empty()) words += '|';
    for (const Family& family : reader.next())
      for (const Sample& sample : family.samples) {
        if (!words.empty() && words.back() != '|') words += ' ';
        words += concat({sample.name, "=", std::to_string(static_cast<int>(sample.value))});
      }
  }
  return words;
}

constexpr auto separate = SampleReader::Points::separate;
constexpr auto whole = SampleReader::Points::whole;

constexpr const char* two_histograms =
    "a 1\n"
    "# TYPE h histogram\n"
    "h_bucket{x=\"1\",le=\"+Inf\"} 2\nh_count{x=\"1\"} 3\n"
    "h_bucket{x=\"2\",le=\"+Inf\"} 4\nh_count{x=\"2\"} 5\n"
    "b 6\n";

}  // namespace

TEST_CASE("samples are read in batches of a number") {
  CHECK(batches(two_histograms, separate, 4) == "a=1 h_bucket=2 h_count=3 h_bucket=4|h_count=5 b=6");
  CHECK(batches(two_histograms, separate, 100) == "a=1 h_bucket=2 h_count=3 h_bucket=4 h_count=5 b=6");
  CHECK(batches("", separate, 4).empty());
  CHECK(batches("# TYPE x gauge\n", whole, 4).empty());
}

TEST_CASE("the samples of one histogram stay together, wherever they are in the text") {
  CHECK(batches(two_histograms, whole, 4) == "a=1 h_bucket=2 h_count=3|h_bucket=4 h_count=5 b=6");
  CHECK(batches(two_histograms, whole, 1) == "a=1|h_bucket=2 h_count=3|h_bucket=4 h_count=5|b=6");
  const std::string scattered = batches(
      "# TYPE h histogram\n"
      "h_bucket{x=\"1\",le=\"+Inf\"} 1\nh_bucket{x=\"2\",le=\"+Inf\"} 2\na 9\n"
      "h_count{x=\"1\"} 1\nh_count{x=\"2\"} 2\n",
      whole, 1);
  CHECK((scattered == "a=9|h_bucket=1 h_count=1|h_bucket=2 h_count=2" ||
         scattered == "a=9|h_bucket=2 h_count=2|h_bucket=1 h_count=1"));
}

TEST_CASE("a batch has at most so many bytes, however long the labels are") {
  std::string body;
  for (int i = 0; i < 100; ++i)
    body += concat({"a{x=\"", std::string(1000, 'x'), std::to_string(i), "\"} 1\n"});
  const Push push = push_of(body);
  SampleReader reader(push, separate, {.samples = 1000, .bytes = 20'000});
  REQUIRE(prepare(reader).empty());
  std::size_t samples = 0, count = 0;
  for (; !reader.at_end(); ++count) samples += reader.next().at(0).samples.size();
  CHECK(samples == 100);
  CHECK(count >= 5);
  CHECK(count <= 8);
}

TEST_CASE("the rest of a push is a push, with HELP and TYPE of what is in it") {
  const Push push = push_of(
      "# HELP a Some \\\\ help.\n# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 2\nb 3\n# HELP b Late.\n");
  SampleReader reader(push, separate, {.samples = 1});
  REQUIRE(prepare(reader).empty());
  reader.next();
  CHECK(reader.text_from(reader.place()) ==
        "# HELP a Some \\\\ help.\n# TYPE a counter\na{x=\"2\"} 2\n# HELP b Late.\n# TYPE b untyped\nb 3\n");
  reader.next();
  CHECK(reader.text_from(reader.place()) == "# HELP b Late.\n# TYPE b untyped\nb 3\n");
}

TEST_CASE("samples have the group's labels, and families their metadata in each batch") {
  const Push push = push_of("# HELP a Help.\n# TYPE a counter\na{zone=\"own\",x=\"1\"} 1\na{x=\"2\"} 2\n");
  SampleReader reader(push, separate, {.samples = 1});
  REQUIRE(prepare(reader).empty());
  for (const char* x : {"1", "2"}) {
    const Family family = reader.next().at(0);
    CHECK(family.help == "Help.");
    CHECK(family.type == MetricType::counter);
    CHECK(family.samples.at(0).labels == std::vector<Label>{{"job", "j"}, {"x", x}, {"zone", "a"}});
  }
}

TEST_CASE("what targets with series cannot hold is refused before anything is sent") {
  const auto refusal = [](std::string body) {
    const Push push = push_of(std::move(body));
    SampleReader reader(push, separate, {});
    return prepare(reader);
  };
  CHECK(refusal("a{x=\"\"} 1\na 2\n").find("are one series to Prometheus") != std::string::npos);
  CHECK(refusal("a{x=\"\"} 1\na{x=\"1\"} 2\n").empty());
  CHECK(refusal("# TYPE h histogram\nh_bucket{le=\"1\",le=\"2\"} 1\n").find("label le twice") !=
        std::string::npos);
  for (const char* twice : {"1", "1.0", "1e0"}) {
    const std::string second = std::string("\"") + twice + "\"} 2\n";
    CHECK(refusal("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=" + second) ==
          "h_bucket{job=\"j\",le=\"1\",zone=\"a\"} and h_bucket{job=\"j\",le=\"" + std::string(twice) +
              "\",zone=\"a\"} are one series to Prometheus: keep one of them");
    CHECK_FALSE(refusal("# TYPE s summary\ns{quantile=\"1\"} 1\ns{quantile=" + second).empty());
  }
  CHECK(
      refusal("# TYPE h histogram\nh_bucket{le=\"1\",a=\"b\"} 1\nh_bucket{le=\"1.0\",a=\"c\"} 2\n").empty());
  CHECK(refusal("a 1\nb x\n").starts_with("its line 2 is not valid: "));
}
