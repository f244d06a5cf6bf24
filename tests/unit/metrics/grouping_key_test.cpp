#include "metrics/grouping_key.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

std::string path(std::string job, std::vector<Label> labels = {}) {
  return GroupingKey::make(std::move(job), std::move(labels))->url_path();
}

}  // namespace

TEST_CASE("every value finds a form that the path cannot change") {
  CHECK(path("backup") == "/metrics/job/backup");
  CHECK(path("a b+c%") == "/metrics/job/a%20b%2Bc%25");
  CHECK(path("a/b") == "/metrics/job@base64/YS9i");
  CHECK(path(".") == "/metrics/job@base64/Lg");
  CHECK(path("..") == "/metrics/job@base64/Li4");
  CHECK(path("...") == "/metrics/job/...");
  CHECK(path("x", {{"path", "/var/tmp"}}) == "/metrics/job/x/path@base64/L3Zhci90bXA");
  CHECK(path("x", {{"empty", ""}}) == "/metrics/job/x/empty@base64/=");
  CHECK(path("caf\xC3\xA9") == "/metrics/job/caf%C3%A9");
}

TEST_CASE("base64 comes in the URL's alphabet") {
  CHECK(path("/\xC3\xBF\xC3\xBE?") == "/metrics/job@base64/L8O_w74_");
}

TEST_CASE("labels are sorted, and the last of a name counts") {
  CHECK(path("x", {{"b", "2"}, {"a", "1"}, {"b", "3"}}) == "/metrics/job/x/a/1/b/3");
}

TEST_CASE("an empty instance is never sent") { CHECK(path("x", {{"instance", ""}}) == "/metrics/job/x"); }

TEST_CASE("what would harm the gateway is refused") {
  CHECK_FALSE(GroupingKey::make(""));
  CHECK_FALSE(GroupingKey::make("\xFF"));
  CHECK_FALSE(GroupingKey::make("x", {{"a", "\xC3"}}));
  CHECK_FALSE(GroupingKey::make("x", {{"__a", "1"}}));
  CHECK_FALSE(GroupingKey::make("x", {{"1a", "1"}}));
  CHECK_FALSE(GroupingKey::make("x", {{"a-b", "1"}}));
  CHECK_FALSE(GroupingKey::make("x", {{"", "1"}}));
  CHECK_FALSE(GroupingKey::make("x", {{"job", "y"}}));
}

TEST_CASE("a key reads as PromQL has it") {
  CHECK(GroupingKey::make("a\"b", {{"x", "1\n"}})->to_string() == R"(job="a\"b",x="1\n")");
}

TEST_CASE("the group's labels go over a sample's own") {
  const auto group = *GroupingKey::make("j", {{"b", "group"}});
  CHECK(group.apply_to({{"z", "1"}, {"job", "own"}, {"b", "own"}, {"a", "2"}}) ==
        std::vector<Label>{{"a", "2"}, {"b", "group"}, {"job", "j"}, {"z", "1"}});
}
