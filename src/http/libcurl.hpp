#pragma once

#include "http/http.hpp"

#include <curl/curl.h>

#include <string>

/// For http.cpp and http_transfer.cpp only, which are the one door to libcurl.
namespace pushmetrics {

// clang-format off
#define PUSHMETRICS_CURL_FUNCTIONS(USE)                                                                      \
  USE(global_init) USE(version) USE(easy_init) USE(easy_setopt) USE(easy_getinfo) USE(easy_cleanup)          \
  USE(easy_strerror) USE(multi_init) USE(multi_setopt) USE(multi_add_handle) USE(multi_remove_handle)        \
  USE(multi_socket_action) USE(multi_info_read) USE(multi_assign) USE(multi_cleanup) USE(slist_append)       \
  USE(slist_free_all)
// clang-format on

/// Debian's libcurl brings more than thirty libraries along, whose loading takes longer than many a job; so
/// pushmetrics does not link it but loads it once the job runs. A static build links it, and only initialises
/// it late.
struct Curl {
  // NOLINTBEGIN(bugprone-macro-parentheses): a member's name cannot stand in them
#define PUSHMETRICS_DECLARE(name) decltype(&::curl_##name) name = nullptr;
  PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_DECLARE)
#undef PUSHMETRICS_DECLARE
  // NOLINTEND(bugprone-macro-parentheses)

  /// Why it cannot be used; empty: it can.
  std::string problem;

  explicit Curl(TlsSetup tls);
};

/// Loads and initialises libcurl when it is called first, with the `tls` of that call; from then on what is
/// found in it. Threads may.
const Curl& curl(TlsSetup tls = TlsSetup::full);

}  // namespace pushmetrics
