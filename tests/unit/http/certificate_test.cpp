#include "http/certificate.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

Certificate described(std::initializer_list<const char*> fields) {
  Certificate certificate;
  for (const char* field : fields) certificate.read_field(field);
  return certificate;
}

}  // namespace

TEST_CASE("a certificate for another host is told with the names that it is for") {
  constexpr auto detail =
      "SSL: no alternative certificate subject name matches target host name 'gw.example'";
  CHECK(certificate_problem(detail, described({"Subject:CN = old",
                                               "X509v3 Subject Alternative Name:DNS:a.example, "
                                               "DNS:*.b.example, IP Address:10.0.0.1"})) ==
        "the server's certificate is not for 'gw.example' but for a.example, *.b.example, 10.0.0.1");
  CHECK(
      certificate_problem("SSL: certificate subject name 'old' does not match target host name 'gw.example'",
                          described({"Subject:C = DE, O = Firm, CN = old"})) ==
      "the server's certificate is not for 'gw.example' but for old");
  CHECK(certificate_problem(detail, {}) == "the server's certificate is not for 'gw.example'");
}

TEST_CASE("of many names, some are told") {
  std::string names = "X509v3 Subject Alternative Name:DNS:n0";
  for (int i = 1; i < 100; ++i) names += ", DNS:n" + std::to_string(i);
  CHECK(certificate_problem("subject name matches 'x'", described({names.c_str()})) ==
        "the server's certificate is not for 'x' but for n0, n1, n2, n3, n4, ...");
}

TEST_CASE("an expired certificate and one of an unknown authority are told apart") {
  CHECK(certificate_problem("SSL certificate problem: certificate has expired", {}) ==
        "the server's certificate has expired");
  CHECK(certificate_problem("SSL certificate problem: certificate is not yet valid", {}) ==
        "the server's certificate is not valid yet, by this machine's clock");
  CHECK(certificate_problem("SSL certificate problem: self-signed certificate", {}) ==
        "the server's certificate is of an unknown authority (SSL certificate problem: self-signed "
        "certificate): "
        "name its authority with --cacert");
  CHECK(certificate_problem("something else", {}) ==
        "the server's certificate does not verify: something else");
}

TEST_CASE("when a certificate ends is read as OpenSSL and as others write it") {
  using namespace std::chrono;
  const auto expected = sys_days{2026y / November / 3} + 6h + 23min + 1s;
  CHECK(described({"Expire date:Nov  3 06:23:01 2026 GMT"}).expires == expected);
  CHECK(described({"Expire date:2026-11-03 06:23:01 GMT"}).expires == expected);
  CHECK_FALSE(described({"Expire date:never"}).expires.has_value());
}

TEST_CASE("an alert about our certificate is told from other trouble") {
  CHECK(client_certificate_problem("OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate "
                                   "required, errno 0") ==
        "the server wants a client certificate: see --cert and --key");
  CHECK(client_certificate_problem("tlsv1 alert unknown ca").has_value());
  CHECK_FALSE(client_certificate_problem("recv failure: Connection reset by peer").has_value());
  CHECK_FALSE(client_certificate_problem("tlsv1 alert internal error").has_value());
}
