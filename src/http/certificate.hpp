#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What a server's certificate says of itself.
struct Certificate {
  /// The hosts that it is for.
  std::vector<std::string> names;
  std::optional<std::chrono::system_clock::time_point> expires;

  /// Takes in one `Field:value` of libcurl's description of a certificate (CURLINFO_CERTINFO).
  void read_field(std::string_view line);
};

/// Why a server's certificate does not verify, for a person: expired, for another host, or of an unknown
/// authority. `detail` is libcurl's explanation, which is kept where it is none of these.
std::string certificate_problem(std::string_view detail, const Certificate& certificate);

/// What the server has against our certificate, if `detail` tells of that: TLS 1.3 servers do so only after
/// the handshake, by an alert (RFC 8446, section 6.2).
std::optional<std::string> client_certificate_problem(std::string_view detail);

}  // namespace pushmetrics
