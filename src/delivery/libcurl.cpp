#include "delivery/libcurl.hpp"

#include "support/text.hpp"

#include <dlfcn.h>

#ifdef PUSHMETRICS_STATIC_CURL
#include <nss.h>
#endif

namespace pushmetrics {

Curl::Curl() {
#ifdef PUSHMETRICS_STATIC_CURL
#define PUSHMETRICS_LINK(name) name = &::curl_##name;
  PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_LINK)
#undef PUSHMETRICS_LINK
  // Other sources of names are modules of the system's C library, which need not fit the one linked here.
  ::__nss_configure_lookup("hosts", "files dns");
#else
  void* library = ::dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    problem = concat({"libcurl cannot be loaded: ", printable(::dlerror())});
    return;
  }
#define PUSHMETRICS_LOOK_UP(name)                                           \
  name = reinterpret_cast<decltype(name)>(::dlsym(library, "curl_" #name)); \
  if (name == nullptr) problem = "libcurl.so.4 has no curl_" #name;
  PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_LOOK_UP)
#undef PUSHMETRICS_LOOK_UP
  if (!problem.empty()) return;
#endif
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) problem = "libcurl cannot be initialised";
}

const Curl& curl() {
  static const Curl functions;
  return functions;
}

}  // namespace pushmetrics
