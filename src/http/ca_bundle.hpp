#pragma once

#include <string>

namespace pushmetrics {

/// The file with the system's certificate authorities: $SSL_CERT_FILE, else the first of the usual paths that
/// exists. Empty if there is none.
std::string system_authorities();

}  // namespace pushmetrics
