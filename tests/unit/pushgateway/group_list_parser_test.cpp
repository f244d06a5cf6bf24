#include "pushgateway/group_list_parser.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace pushmetrics;

namespace {

/// A braced list of one label would be ambiguous.
GroupLabels labels_of(std::initializer_list<Label> labels) { return GroupLabels(std::vector<Label>(labels)); }

std::string family(const std::string& name, const std::string& value, const std::string& labels = "{}") {
  return "\"" + name + R"(":{"time_stamp":"2026-11-23T06:23:01Z","type":"GAUGE","metrics":[{"labels":)" +
         labels + R"(,"value":")" + value + "\"}]}";
}

std::string times(const std::string& pushed, const std::string& failed, const std::string& labels) {
  return family("push_time_seconds", pushed, labels) + "," +
         family("push_failure_time_seconds", failed, labels);
}

std::string answer(const std::string& groups) { return R"({"status":"success","data":[)" + groups + "]}"; }

Result<std::vector<GroupSnapshot>> read(const std::string& text, std::size_t piece = std::string::npos,
                                        GroupQuery query = {}) {
  GroupListParser reader(std::move(query));
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size()))
    if (!reader.take(std::string_view(text).substr(at, piece))) break;
  return reader.finish();
}

const std::string backup = R"({"labels":{"instance":"db\"1}","job":"backup"},"last_push_successful":false,)" +
                           family("job_success", "0", R"({"instance":"db","job":"backup"})") + "," +
                           family("job_duration_seconds", "1.5e+02") + "," +
                           times("1.5e+09", "1.6e+09", R"({"instance":"db","job":"backup"})") + "}";

}  // namespace

TEST_CASE("a group's labels, times and values are read, in whatever pieces they come") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
    const auto groups = read(answer(backup + "," + backup) + "\n", piece);
    REQUIRE(groups);
    REQUIRE(groups->size() == 2);
    const GroupSnapshot& group = groups->back();
    CHECK(group.labels == labels_of({{"job", "backup"}, {"instance", "db\"1}"}}));
    CHECK(group.name == GroupSnapshot::Name::exact);
    CHECK(!group.last_push_successful);
    CHECK(group.last_push == GroupSnapshot::Time(std::chrono::seconds(1500000000)));
    CHECK(group.last_touched() == GroupSnapshot::Time(std::chrono::seconds(1600000000)));
    CHECK(group.success == 0);
    CHECK(group.duration_seconds == 150);
    CHECK(!group.running);
    CHECK(group.families == 2);
    CHECK(group.series == 2);
  }
}

TEST_CASE("an empty gateway has no groups, however it says so") {
  CHECK(read(answer(""))->empty());
  CHECK(read(R"({"status":"success","data":null})")->empty());
}

TEST_CASE("a metric named labels or last_push_successful hides nothing") {
  const std::string labels = R"({"instance":"","job":"a"})";
  const std::string hidden = "{" + family("labels", "1", labels) + "," + family("last_push_successful", "3") +
                             "," + times("1.5e+09", "1.6e+09", labels) + "}";
  const auto alone = read(answer(hidden));
  REQUIRE(alone);
  CHECK(alone->at(0).labels == labels_of({{"job", "a"}}));
  CHECK(alone->at(0).name == GroupSnapshot::Name::perhaps_empty_instance);
  CHECK(!alone->at(0).last_push_successful);
  CHECK(alone->at(0).families == 2);

  const auto beside = read(answer(hidden + R"(,{"labels":{"job":"a"},)" + times("1", "0", labels) + "}"));
  REQUIRE(beside);
  CHECK(beside->at(0).labels == labels_of({{"job", "a"}, {"instance", ""}}));
  CHECK(beside->at(0).name == GroupSnapshot::Name::exact);
  CHECK(beside->at(1).labels == labels_of({{"job", "a"}}));
}

TEST_CASE("grouping labels may be named as parts of a family are") {
  const auto groups = read(answer(R"({"labels":{"job":"a","metrics":"x","type":"y","value":"z"}})"));
  REQUIRE(groups);
  CHECK(groups->at(0).labels == labels_of({{"job", "a"}, {"metrics", "x"}, {"type", "y"}, {"value", "z"}}));
  CHECK(!groups->at(0).last_push);
}

TEST_CASE("a group never pushed to with success has no time of it") {
  const auto groups = read(answer(R"({"labels":{"job":"a"},)" + times("0", "1.6e+09", "{}") + "}"));
  REQUIRE(groups);
  CHECK(!groups->at(0).last_push);
  CHECK(!groups->at(0).last_push_successful);
}

TEST_CASE("an answer that is cut short anywhere is an error") {
  const std::string whole = answer(backup);
  for (std::size_t length = 0; length < whole.size(); ++length) CHECK(!read(whole.substr(0, length)));
}

TEST_CASE("what is no gateway's answer is an error") {
  for (const char* text :
       {"<html>{}</html>", "[]", "{}", R"({"status":"error","data":[]})", R"({"status":"success"})",
        R"({"status":"success","data":{"a":{}}})", R"({"status":"success","data":[{"labels":{"job":1}}]})",
        R"({"status":"success","data":[{"labels":{"job":"a"}} {"labels":{"job":"b"}}]})",
        R"({"status":"success","data":[{"labels":{"job":"a"},}]})", R"({"status":"success","data":[1]})",
        R"({"status":"success","data":[{"labels":{}}]})", R"({"status":"success","data":[]}})",
        "{\"status\":\"success\",\"data\":[{\"labels\":{\"job\":\"\xff\"}}]}"})
    CHECK_MESSAGE(!read(text), text);
}

TEST_CASE("only the group that is wanted is kept, whatever else the list holds") {
  const std::string large = R"({"labels":{"job":"large"},)" +
                            family("x", "1", R"({"a":")" + std::string(5 << 20, 'a') + R"("})") + "}";
  std::string text = R"({"labels":{"job":"a"}} , )" + large + "\n,";
  for (int i = 0; i < 10000; ++i) text += R"({"labels":{"job":"j)" + std::to_string(i) + R"("}},)";
  text = answer(text + backup);
  const auto single =
      read(text, 4096, GroupQuery::single("job_", labels_of({{"job", "backup"}, {"instance", "db\"1}"}})));
  REQUIRE(single);
  REQUIRE(single->size() == 1);
  CHECK(single->front().duration_seconds == 150);
  CHECK(!read(text, 4096, GroupQuery::single("job_", labels_of({{"job", "large"}}))));
  CHECK(read(text)->size() == 10003);
}

TEST_CASE("a list that is larger than its limits is an error") {
  GroupQuery small;
  small.kept_limit = 100000;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += R"({"labels":{"job":"j)" + std::to_string(i) + R"("}},)";
  CHECK(!read(answer(text + backup), 4096, small));
  small.kept_limit *= 100;
  CHECK(read(answer(text + backup), 4096, small)->size() == 1001);
  small.group_limit = backup.size() - 1;
  CHECK(!read(answer(text + backup), 4096, small));
}

TEST_CASE("an empty instance beside the same group without one is marked, whichever comes first") {
  const std::string bare = R"({"labels":{"job":"a"}})", empty = R"({"labels":{"instance":"","job":"a"}})";
  CHECK(read(answer(bare + "," + empty))->at(1).is_beside_bare_group);
  CHECK(read(answer(empty + "," + bare))->at(0).is_beside_bare_group);
  CHECK(!read(answer(empty))->at(0).is_beside_bare_group);
  CHECK(!read(answer(bare))->at(0).is_beside_bare_group);
}
