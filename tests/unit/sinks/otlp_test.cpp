#include "sinks/otlp.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace pushmetrics;

TEST_CASE("headers of OpenTelemetry's environment are decoded, and each is one line") {
  ::setenv("OTEL_EXPORTER_OTLP_HEADERS",
           "a=b%20c, d = e ,=f,g,h=i%0Aj: k,l%0d=m\nn: o,p\nq: r=s,t=%00,: u=v,w x=y", 1);
  CHECK(otlp_environment().headers == std::vector<std::string>{"a: b c", "d: e"});
  CHECK(otlp_environment().headers_problem.starts_with("OTEL_EXPORTER_OTLP_HEADERS: element 3 is left out"));
  ::unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
}
