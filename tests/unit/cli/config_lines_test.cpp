#include "cli/config_lines.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

using Strings = std::vector<std::string>;

Strings values_of(const ConfigLines& lines) {
  Strings all;
  for (const ConfigEntry& entry : lines.entries)
    all.insert(all.end(), entry.values.begin(), entry.values.end());
  return all;
}

Strings values_in(std::string_view text) {
  const ConfigLines lines = read_config_lines(text);
  CHECK(lines.problem.empty());
  return values_of(lines);
}

}  // namespace

TEST_CASE("entries have their section, and a dotted key has one of its own") {
  const ConfigLines lines = read_config_lines(
      "\xEF\xBB\xBFurl = \"a\"\n[ run ]\nlabel = ['b', \"c\"]\nx.y = 1\n[push]\nlabel = d\nlabel = [e]\n");
  CHECK(lines.problem.empty());
  CHECK(lines.entries == std::vector<ConfigEntry>{{"", "url", {"a"}},
                                                  {"run", "label", {"b", "c"}},
                                                  {"run.x", "y", {"1"}},
                                                  {"push", "label", {"d", "e"}}});
  CHECK(read_config_lines("run.verbose = true\n").entries ==
        std::vector<ConfigEntry>{{"run", "verbose", {"true"}}});
}

TEST_CASE("strings are read with their escapes, words as they are") {
  CHECK(values_in(R"(a = "\b\t\n\f\r\"\\\u00e9\U0001F600")") == Strings{"\b\t\n\f\r\"\\\u00e9\U0001F600"});
  CHECK(values_in(R"(a = '\n"#')") == Strings{R"(\n"#)"});
  CHECK(values_in("a = http://x:1/y # why") == Strings{"http://x:1/y"});
  CHECK(values_in("a = 0,24") == Strings{"0", "24"});
  CHECK(values_in("a = [ b=c, # why\n \"d=]\",\n]\n") == Strings{"b=c", "d=]"});
  CHECK(values_in("a = []").empty());
}

TEST_CASE("what is not read is named, and costs no more than itself") {
  for (const char* bad : {"a = \"\\x\"", "a = \"\\ud800\"", "a = \"\\u0000\"", "a = \"b", "a = 'b' 'c'",
                          "a =", "= b", "a = b c", "a = [b", "a = [b]]", "a = {b = c}", "\"a\" = b", "a. = b",
                          "[b.c]", "[[b]]", "[]", "a = \"\"\"b\"\"\""}) {
    CAPTURE(bad);
    const ConfigLines lines = read_config_lines(std::string("x = 1\n") + bad + "\n[run]\ny = 2\n");
    CHECK(lines.problem == "line 2 is neither [section] nor name = value");
    if (std::string_view(bad) != "a = [b") CHECK(values_of(lines) == Strings{"1", "2"});
  }
}

TEST_CASE("what stands in a section that is not read belongs to no other") {
  CHECK(read_config_lines("[run]\n[run.x]\ny = 2\n[push]\nz = 3\n").entries ==
        std::vector<ConfigEntry>{{"push", "z", {"3"}}});
}
