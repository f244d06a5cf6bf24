#include "monitoring/dashboard.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

std::string uid_of(const DashboardOptions& options) {
  const auto text = grafana_dashboard(options);
  REQUIRE(text);
  const std::size_t start = text->find("\"uid\": \"") + 8;
  return text->substr(start, text->find('"', start) - start);
}

}  // namespace

TEST_CASE("a dashboard has a uid of its own for each prefix, which Grafana takes") {
  CHECK(uid_of({}) == "pushmetrics-all");
  CHECK(uid_of({.source = Source::textfile}) == "pushmetrics-tf-all");
  CHECK(uid_of({.source = Source::remote_write}) == "pushmetrics-rw-all");
  CHECK(uid_of({.prefix = "ns:backup_"}) == "pushmetrics-ns-backup_");
  CHECK(uid_of({.prefix = std::string(60, 'a')}).size() == 40);
}

TEST_CASE("a prefix that begins no metric's name is refused") {
  CHECK_FALSE(grafana_dashboard({.prefix = "a b"}));
}
