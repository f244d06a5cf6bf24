// A target's URL, as a person gives it, and with such a password: its name never shows one. And the headers
// of OpenTelemetry's environment.
#include "delivery/target.hpp"

#include "fuzz.hpp"
#include "sinks/otlp.hpp"
#include "support/text.hpp"

#include <cstdlib>

using namespace pushmetrics;

namespace {

void try_as_url(std::string_view text) {
  const auto url = parse_target_url(text);
  if (!url) return fuzz::require(fuzz::is_one_line(url.error()), "an error is one line");
  fuzz::require(!fuzz::has_control(url->name), "a name is one line");
  if (url->kind == TargetUrl::Kind::otlp_environment) return;
  const auto again = parse_target_url(url->name);
  fuzz::require(again && again->name == url->name && again->base == url->base && again->kind == url->kind &&
                    again->user.empty() && again->password.empty(),
                "its name is the same target without secrets");
}

void try_as_password(std::string_view text) {
  constexpr std::string_view secret = "s3cr3t";
  const std::size_t half = text.size() / 2;
  for (const std::string_view scheme : {"http://", "otlp+https://"}) {
    const auto url = parse_target_url(
        concat({scheme, "u:", text.substr(0, half), secret, text.substr(half), "@gw:9091/x"}));
    const std::string shown = url ? concat({url->name, " ", url->base}) : url.error();
    fuzz::require(shown.find(secret) == shown.npos, "a password is not shown");
    const auto encoded = parse_target_url(concat({scheme, "u:", percent_encoded(text), "@gw:9091/x"}));
    if (text.find('\0') != text.npos)
      fuzz::require(!encoded, "a password with a NUL is rejected");
    else
      fuzz::require(encoded && encoded->password == text && encoded->user == "u", "a password arrives");
  }
}

void try_as_headers(std::string_view text) {
  ::setenv("OTEL_EXPORTER_OTLP_HEADERS", std::string(text).c_str(), 1);
  for (const std::string& header : otlp_environment().headers)
    fuzz::require(header.find(": ") > 0 && header.find_first_of("\r\n") == header.npos,
                  "a header is one line");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  try_as_url(text);
  try_as_password(text);
  try_as_headers(text);
  return 0;
}
