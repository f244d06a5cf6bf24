#pragma once

#include <string>

namespace pushmetrics {

/// The file with the certificate authorities that the system trusts: $SSL_CERT_FILE, else the first of the
/// places where distributions keep it. Empty: there is none.
std::string system_authorities();

}  // namespace pushmetrics
