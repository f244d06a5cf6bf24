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
        "http://u:secret@gw/metrics/job/x", "http://u:?secret@gw", "http://u:#secret@gw",
        "http://u:1/secret@gw", "http://secret/x@gw", "http://a@b/secret@gw", "http://u:1?secret@gw"}) {
    CAPTURE(url);
    CHECK(problem(url) != "none");
    CHECK_FALSE(contains(problem(url), "secret"));
  }
}

TEST_CASE("a URL that cannot be pushed to is an error that says why") {
  CHECK(contains(problem(""), "begin it with http:// or https://"));
  CHECK(contains(problem("gw"), "begin it with http:// or https://"));
  CHECK(contains(problem("http:9091"), "begin it with http:// or https://"));
  CHECK(contains(problem("ftp://gw"), "none of http://, https://, unix:, textfile:"));
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
  CHECK(contains(problem("stdout:/x"), "invalid URL 'stdout:/x'"));
}

TEST_CASE("a host without a scheme is taken for http") {
  CHECK(parsed("gw:9091").base == "http://gw:9091");
  CHECK(parsed("gw:9091").name == "http://gw:9091");
  CHECK(parsed("localhost").base == "http://localhost");
  CHECK(parsed("gw.example.org/prefix/").base == "http://gw.example.org/prefix");
  CHECK(parsed("192.0.2.1:9091").base == "http://192.0.2.1:9091");
  CHECK(parsed("[::1]:9091").base == "http://[::1]:9091");
}

TEST_CASE("a URL that is wrong in a usual way says what is wrong") {
  CHECK(contains(problem("\"http://gw:9091\""), "is in quotes"));
  CHECK(contains(problem("'http://u:secret@gw:9091'"), "is in quotes"));
  CHECK(contains(problem("\u201Chttp://gw\u201D"), "is in quotes"));
  CHECK(contains(parse_target_url("http://a:9091,http://b:9091").failure().hint, "white space"));
  CHECK(contains(parse_target_url("http://b\u00fccher.example").failure().hint, "xn--"));
  CHECK(contains(problem("http://u:p%00x@gw"), "NUL"));
  CHECK(contains(problem("http://gw\u200b"), "cannot be seen"));
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
  CHECK(contains(problem("unix:/a\nb"), "control characters"));
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

TEST_CASE("remote write and OTLP are told by what stands before the URL, and miss no path") {
  using Kind = TargetUrl::Kind;
  const TargetUrl write = parsed("Remote-Write+http://u:secret@prometheus:9090/");
  CHECK(write.kind == Kind::remote_write);
  CHECK(write.base == "http://prometheus:9090/api/v1/write");
  CHECK(write.name == "remote-write+http://prometheus:9090/api/v1/write");
  CHECK(write.password == "secret");
  CHECK(parsed("remote-write+https://mimir/api/v1/push").base == "https://mimir/api/v1/push");
  CHECK(parsed("remote-write2+https://mimir").kind == Kind::remote_write_2);
  CHECK(parsed("remote-write2+https://mimir").name == "remote-write2+https://mimir/api/v1/write");
  CHECK(parsed("otlp+http://c:4318").base == "http://c:4318/v1/metrics");
  CHECK(parsed("otlp+http://c:4318/v1/metrics").base == "http://c:4318/v1/metrics");
  CHECK(parsed("otlp+https://p/api/v1/otlp/").name == "otlp+https://p/api/v1/otlp/v1/metrics");
  CHECK(parsed("otlp+http://c").kind == Kind::otlp);
  CHECK(contains(problem("remote-write+http://vm/api/v1/import/prometheus"), "takes no remote write"));
  CHECK(contains(problem("remote-write+ftp://u:secret@x"), "begins with none of"));
  CHECK_FALSE(contains(problem("remote-write+ftp://u:secret@x"), "secret"));
}

TEST_CASE("a textfile target is an absolute path") {
  CHECK(parsed("textfile:/var/lib/node exporter/").directory == "/var/lib/node exporter");
  CHECK(parsed("textfile:/a").name == "textfile:/a");
  CHECK(parsed("textfile:/").directory == "/");
  CHECK(contains(problem("textfile:a"), "write textfile:/path/to/directory"));
  CHECK(contains(problem("textfile:"), "write textfile:/path/to/directory"));
  CHECK(contains(problem("textfile:/a\nb"), "control characters"));
}

TEST_CASE("a mistaken URL is not quoted where a secret may stand in it") {
  for (const std::string url :
       {"http://u:SECRET", "http://u:S:SECRET", "http://gw:9091/?token=SECRET", "http://gw:9091/p#SECRET",
        "http://u:1/x?SECRET", "remote-write+http://gw/?token=SECRET", "otlp+https://u:SECRET",
        "unix:/s:/p?token=SECRET", "textfile:u:SECRET@/x", "unix:u:SECRET@/x", "u:SECRET@gw",
        "http://u:a SECRET@gw"})
    CHECK_MESSAGE(!contains(problem(url), "SECRET"), url);
  CHECK(contains(problem("http://gw:9091x"), "invalid URL 'http://gw...'"));
}

TEST_CASE("URLs are separated by white space, which does not separate a password with a space") {
  CHECK(split_urls(" http://a\thttp://u:p@b ") == std::vector<std::string>{"http://a", "http://u:p@b"});
  CHECK(split_urls("http://a http://u:1 2 3@b http://c") ==
        std::vector<std::string>{"http://a", "http://u:1 2 3@b", "http://c"});
  CHECK(split_urls("a@b") == std::vector<std::string>{"a@b"});
}
