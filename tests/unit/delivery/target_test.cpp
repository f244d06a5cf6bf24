#include "delivery/target.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

TargetUrl parsed(std::string_view url) {
  const auto target = parse_target_url(url);
  REQUIRE_MESSAGE(target, url);
  return *target;
}

std::string problem(std::string_view url) {
  const auto target = parse_target_url(url);
  return target ? "none" : target.error();
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a gateway's URL is kept, without a slash at its end") {
  CHECK(parsed("http://gw:9091").base == "http://gw:9091");
  CHECK(parsed("http://gw:9091/").base == "http://gw:9091");
  CHECK(parsed("https://gw/prefix//").base == "https://gw/prefix");
  CHECK(parsed("HTTP://gw").base == "http://gw");
  CHECK(parsed("http://[::1]:9091/p").base == "http://[::1]:9091/p");
  CHECK(parsed("http://gw").kind == TargetUrl::Kind::pushgateway);
}

TEST_CASE("user and password are taken out of the URL, decoded, and not in its name") {
  const TargetUrl target = parsed("https://us%40er:p%3Ass:w%2Ford%@gw:9091/x");
  CHECK(target.user == "us@er");
  CHECK(target.password == "p:ss:w/ord%");
  CHECK(target.name == "https://gw:9091/x");
  CHECK(target.base == "https://gw:9091/x");
  CHECK(parsed("http://user@gw").user == "user");
  CHECK(parsed("http://user@gw").password.empty());
  CHECK(parsed("http://:secret@gw").password == "secret");
  CHECK(parsed("http://a@b:c@gw").base == "http://gw");
}

TEST_CASE("a wrong URL is told without what may be a secret in it") {
  for (const char* url :
       {"http://u:secret@gw :9091", "http://u:secret@", "http://u:secret@gw:0", "http://u:secret@gw?x",
        "http://u:sec/secret@gw", "htp://u:secret@gw", "u:secret@gw", "http:/u:secret@gw", "http:u:secret@gw",
        "http://u:secret@gw/metrics/job/x", "http://u:?secret@gw", "http://u:#secret@gw"}) {
    CAPTURE(url);
    CHECK(problem(url) != "none");
    CHECK_FALSE(contains(problem(url), "secret"));
  }
}

TEST_CASE("a URL that cannot be pushed to is an error that says why") {
  CHECK(contains(problem(""), "begin it with http:// or https://"));
  CHECK(contains(problem("gw:9091"), "begin it with http:// or https://"));
  CHECK(contains(problem("ftp://gw"), "none of http://, https://, unix: and stdout:"));
  CHECK(contains(problem("http://"), "there is no host"));
  CHECK(contains(problem("http://:9091"), "there is no host"));
  CHECK(contains(problem("http://gw:port"), "the port is no number"));
  CHECK(contains(problem("http://gw:65536"), "the port is no number"));
  CHECK(contains(problem("http://[::1]9091"), "the port is no number"));
  CHECK(contains(problem("http://[::1"), "has no ']'"));
  CHECK(contains(problem("http://::1:9091"), "in brackets"));
  CHECK(contains(problem("http://gw/?a=b"), "a query or fragment"));
  CHECK(contains(problem("http://gw#x"), "a query or fragment"));
  CHECK(contains(problem("http://g w"), "white space"));
  CHECK(contains(problem("http://gw\n"), "white space"));
  CHECK(contains(problem("http://gw/metrics/job/backup"), "leave out /metrics/job/"));
  CHECK(contains(problem("stdout:/x"), "not a URL to push to"));
}

TEST_CASE("a Unix socket is given by its path, with a prefix behind a colon") {
  const TargetUrl plain = parsed("unix:/run/gw.sock");
  CHECK(plain.unix_socket == "/run/gw.sock");
  CHECK(plain.base == "http://localhost");
  CHECK(plain.name == "unix:/run/gw.sock");
  const TargetUrl with_prefix = parsed("unix:/run/g:w.sock:/a/b/");
  CHECK(with_prefix.unix_socket == "/run/g:w.sock");
  CHECK(with_prefix.base == "http://localhost/a/b");
  CHECK(contains(problem("unix:gw.sock"), "write unix:/path/to.sock"));
  CHECK(contains(problem("unix:/" + std::string(108, 'x')), "too long"));
}

TEST_CASE("VictoriaMetrics is told by its path, the cluster's too") {
  using Kind = TargetUrl::Kind;
  CHECK(parsed("http://vm:8428/api/v1/import/prometheus").kind == Kind::victoria_metrics);
  CHECK(parsed("http://vm:8428/api/v1/import/prometheus/").kind == Kind::victoria_metrics);
  CHECK(parsed("http://vm/insert/0/prometheus/api/v1/import/prometheus").kind == Kind::victoria_metrics);
  CHECK(parsed("unix:/vm.sock:/api/v1/import/prometheus").kind == Kind::victoria_metrics);
  CHECK(parsed("http://vm:8428").kind == Kind::pushgateway);
}

TEST_CASE("standard output is a target") {
  CHECK(parsed("stdout:").kind == TargetUrl::Kind::standard_output);
  CHECK(parsed("stdout:").name == "stdout:");
}
