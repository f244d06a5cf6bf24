#include "pushgateway/gather_error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace pushmetrics;

namespace {

GroupLabels labels_of(std::initializer_list<Label> labels) { return GroupLabels(std::vector<Label>(labels)); }

/// As Pushgateway 1.5.1 and 1.11.2 have it.
const std::string old_words = R"(An error has occurred while serving metrics:

3 error(s) occurred:
* collected metric "push_time_seconds" { label:<name:"instance" value:"" > label:<name:"job" value:"a" > gauge:<value:1 > } was collected before with the same name and label values
* collected metric "push_failure_time_seconds" { label:<name:"instance" value:"" > label:<name:"job" value:"bad" > label:<name:"x" value:"\377\376\"\n" > gauge:<value:0 > } has a label named "x" whose value is not utf8: "\xff\xfe"
* collected metric "push_time_seconds" { label:<name:"instance" value:"" > label:<name:"job" value:"bad" > label:<name:"x" value:"\377\376\"\n" > gauge:<value:1 > } has a label named "x" whose value is not utf8: "\xff\xfe"
* collected metric "x" { label:<name:"job" value:"a" > untyped:<value:1 > } was collected before with the same name and label values
)";
const std::string new_words =
    R"(* collected metric "push_time_seconds" { label:{name:"instance"  value:""}  label:{name:"job"  value:"bad"}  label:{name:"x"  value:"\xff\xfe"}  gauge:{value:0}} has a label named "x" whose value is not utf8: "\xff\xfe")";

}  // namespace

TEST_CASE("the groups that poison a gateway are read from its complaint") {
  const auto old_ones = read_gather_errors(old_words);
  REQUIRE(old_ones.size() == 2);
  CHECK(old_ones[0].kind == GatherError::Kind::collides);
  CHECK(old_ones[0].labels == labels_of({{"job", "a"}, {"instance", ""}}));
  CHECK(old_ones[1].kind == GatherError::Kind::not_utf8);
  CHECK(old_ones[1].labels == labels_of({{"job", "bad"}, {"instance", ""}, {"x", "\xff\xfe\"\n"}}));
  const auto new_ones = read_gather_errors(new_words);
  REQUIRE(new_ones.size() == 1);
  CHECK(new_ones[0].labels == labels_of({{"job", "bad"}, {"instance", ""}, {"x", "\xff\xfe"}}));
}

TEST_CASE("a complaint cut anywhere harms nobody") {
  for (std::size_t length = 0; length < old_words.size(); ++length)
    CHECK(read_gather_errors(std::string_view(old_words).substr(0, length)).size() <= 2);
}

TEST_CASE("bytes that the list does not tell are taken from the complaint") {
  GroupSnapshot broken;
  broken.labels = labels_of({{"job", "bad"}, {"x", "\xEF\xBF\xBD\xEF\xBF\xBD"}});
  broken.name = GroupSnapshot::Name::unknown_bytes;
  GroupSnapshot other = broken;
  std::vector<GroupSnapshot> groups{broken, other};
  settle_unknown_bytes(groups, read_gather_errors(new_words));
  CHECK(groups[0].labels == labels_of({{"job", "bad"}, {"x", "\xff\xfe"}}));
  CHECK(groups[0].name == GroupSnapshot::Name::exact);
  CHECK(groups[1].name == GroupSnapshot::Name::unknown_bytes);
}
