#pragma once

#include "http/http.hpp"

#include <curl/curl.h>

#include <string>

/// Only for http.cpp and http_transfer.cpp, the only code that uses libcurl.
namespace pushmetrics {

// clang-format off
#define PUSHMETRICS_CURL_FUNCTIONS(USE)                                                                      \
  USE(global_init) USE(version) USE(easy_init) USE(easy_setopt) USE(easy_getinfo) USE(easy_cleanup)          \
  USE(easy_strerror) USE(multi_init) USE(multi_setopt) USE(multi_add_handle) USE(multi_remove_handle)        \
  USE(multi_socket_action) USE(multi_info_read) USE(multi_assign) USE(multi_cleanup) USE(slist_append)       \
  USE(slist_free_all)
// clang-format on

/// Debian's libcurl depends on more than thirty libraries, which take longer to load than many jobs run. So
/// pushmetrics does not link it, but loads it once the job is running. A static build links it, and only
/// initialises it late.
struct Curl {
  // NOLINTBEGIN(bugprone-macro-parentheses): a member's name cannot stand in them
#define PUSHMETRICS_DECLARE(name) decltype(&::curl_##name) name = nullptr;
  PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_DECLARE)
#undef PUSHMETRICS_DECLARE
  // NOLINTEND(bugprone-macro-parentheses)

  /// Why it cannot be used; empty if it can.
  std::string problem;

  explicit Curl(TlsSetup tls);
};

/// Loads and initialises libcurl on the first call, with that call's `tls`; later calls return the same
/// functions. Thread-safe.
const Curl& curl(TlsSetup tls = TlsSetup::full);

}  // namespace pushmetrics
