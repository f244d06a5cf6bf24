#include "metrics/group_labels.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

/// A braced list of one label would be ambiguous.
GroupLabels labels_of(std::initializer_list<Label> labels) { return GroupLabels(std::vector<Label>(labels)); }

}  // namespace

TEST_CASE("a group is named exactly, whatever its labels are") {
  CHECK(labels_of({{"job", "a"}, {"instance", ""}}).url_path() == "/metrics/job/a/instance@base64/=");
  CHECK(labels_of({{"z", "1"}, {"job", "a b"}, {"b", "x/y"}}).url_path() ==
        "/metrics/job/a%20b/b@base64/eC95/z/1");
  CHECK(labels_of({{"job", "bad"}, {"x", "\xff\xfe"}}).url_path() == "/metrics/job/bad/x/%FF%FE");
  CHECK(labels_of({{"job", "a"}, {"foo.bar_é", "1"}}).url_path() == "/metrics/job/a/U__foo_2e_bar___e9_/1");
}

TEST_CASE("a group is shown so that a terminal shows all of it") {
  CHECK(labels_of({{"job", "a\x1b[1m"}, {"x", "\xff\"\n\\é"}}).to_string() ==
        R"(job="a\x1b[1m",x="\xff\"\n\\é")");
}

TEST_CASE("a group is told as options that a shell takes apart again") {
  CHECK(labels_of({{"job", "a"}, {"instance", ""}}).as_options() == "-j a -i ''");
  CHECK(labels_of({{"job", "it's"}, {"x", "a b"}}).as_options() == R"(-j 'it'\''s' -l 'x=a b')");
  CHECK(labels_of({{"job", "a"}, {"x", "\xff%"}}).as_options() == R"-(-j a -l "$(printf 'x=\377\045')")-");
  CHECK(labels_of({{"job", "-a\n-b"}}).as_options() == R"-(-j "$(printf '\055a\012-b')")-");
  CHECK(labels_of({{"job", "-a'\n"}}).as_options() == R"-(-j $'\055a\047\012')-");
  CHECK(labels_of({{"job", "\u009bx"}}).as_options() == R"-(-j "$(printf '\302\233x')")-");
}

TEST_CASE("of a label given twice the last counts") {
  CHECK(labels_of({{"x", "1"}, {"job", "a"}, {"x", "2"}}) == labels_of({{"job", "a"}, {"x", "2"}}));
}
