#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What a server's certificate contains.
struct Certificate {
  /// The hosts that it is valid for.
  std::vector<std::string> names;
  std::optional<std::chrono::system_clock::time_point> expires;

  /// Adds one `Field:value` of libcurl's description of a certificate (CURLINFO_CERTINFO).
  void read_field(std::string_view line);
};

/// Why verification of a server's certificate failed: expired, for another host, or unknown authority. In any
/// other case returns `detail`, libcurl's explanation.
std::string certificate_problem(std::string_view detail, const Certificate& certificate);

/// Why the server rejects our certificate, if `detail` says so: TLS 1.3 servers report it only after the
/// handshake, by an alert (RFC 8446, section 6.2).
std::optional<std::string> client_certificate_problem(std::string_view detail);

}  // namespace pushmetrics
