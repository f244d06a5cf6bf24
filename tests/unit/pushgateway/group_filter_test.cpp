#include "pushgateway/group_filter.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

TEST_CASE("a glob describes the whole of a text") {
  CHECK(matches_glob("backup-*", "backup-db"));
  CHECK(matches_glob("backup-*", "backup-"));
  CHECK(!matches_glob("backup-*", "a backup-db"));
  CHECK(!matches_glob("backup", "backup-db"));
  CHECK(matches_glob("*", ""));
  CHECK(matches_glob("", ""));
  CHECK(!matches_glob("", "x"));
  CHECK(!matches_glob("?", ""));
  CHECK(matches_glob("a*b*c", "a-b-b-c"));
  CHECK(!matches_glob("a*b*c", "a-b-b"));
  CHECK(matches_glob("*.example.org", "db.example.org"));
}

TEST_CASE("a question mark and a set stand for one character, not one byte") {
  CHECK(matches_glob("?", "é"));
  CHECK(!matches_glob("?", "ab"));
  CHECK(matches_glob("[ä-ü]", "é"));
  CHECK(matches_glob("x??", "x\xff\xfe"));
  CHECK(matches_glob("db[0-9]", "db7"));
  CHECK(!matches_glob("db[!0-9]", "db7"));
  CHECK(matches_glob("[]x]", "]"));
  CHECK(matches_glob("[a-]", "-"));
}

TEST_CASE("a backslash takes a meaning away, and a set that does not end has none") {
  CHECK(matches_glob("\\*", "*"));
  CHECK(!matches_glob("\\*", "x"));
  CHECK(matches_glob("[\\]]", "]"));
  CHECK(matches_glob("[ab", "[ab"));
  CHECK(matches_glob("a\\", "a\\"));
}

TEST_CASE("a glob of many stars takes no long time") {
  const std::string text(20000, 'a');
  CHECK(!matches_glob("*a*a*a*a*a*a*a*a*b", text));
}

TEST_CASE("all conditions must hold, and a label that is not there is empty") {
  const GroupLabels group(std::vector<Label>{{"job", "backup-db"}, {"env", "prod=1"}});
  const auto matches = [&](std::vector<std::string> conditions) {
    const auto filter = GroupFilter::parse(conditions);
    REQUIRE(filter);
    return filter->matches(group);
  };
  CHECK(matches({}));
  CHECK(matches({"job=backup-*", "env=prod=*"}));
  CHECK(!matches({"job=backup-*", "env=test"}));
  CHECK(matches({"env!=test"}));
  CHECK(!matches({"env!=prod*"}));
  CHECK(matches({"instance="}));
  CHECK(!matches({"instance=?*"}));
  CHECK(matches({"instance!=?*"}));
}

TEST_CASE("what is no condition is refused") {
  for (const char* text : {"", "job", "=x", "!=x", "j*=x"}) CHECK_MESSAGE(!GroupFilter::parse({text}), text);
}
