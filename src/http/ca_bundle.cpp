#include "http/ca_bundle.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>

namespace pushmetrics {

std::string system_authorities() {
  constexpr std::array places{
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch, distroless
      "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, Red Hat
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // the same, newer
      "/etc/ssl/ca-bundle.pem",                             // openSUSE
      "/etc/ssl/cert.pem",                                  // Alpine
  };
  const char* given = std::getenv("SSL_CERT_FILE");
  if (given != nullptr && *given != '\0') return given;
  for (const char* place : places)
    if (::access(place, R_OK) == 0) return place;
  return "";
}

}  // namespace pushmetrics
