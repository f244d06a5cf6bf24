#include "http/libcurl.hpp"

#include "support/text.hpp"

#include <dlfcn.h>

#include <cstdint>

#ifdef PUSHMETRICS_STATIC_CURL
#include <nss.h>
#include <openssl/crypto.h>
#endif

namespace pushmetrics {
namespace {

/// OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, _NO_ADD_ALL_CIPHERS, _NO_ADD_ALL_DIGESTS and _NO_LOAD_CONFIG.
constexpr std::uint64_t minimal_openssl = 0x01 | 0x10 | 0x20 | 0x80;

/// libcurl makes OpenSSL read its configuration and build tables of algorithms and errors: most of the cost
/// of a short push, whether or not TLS is used. Initialised before that, OpenSSL skips this
/// (OPENSSL_init_crypto(3)).
void keep_openssl_minimal([[maybe_unused]] void* libcurl) {
#ifdef PUSHMETRICS_STATIC_CURL
  ::OPENSSL_init_crypto(minimal_openssl, nullptr);
#else
  // A libcurl with another TLS library does not have it.
  using Initialise = int (*)(std::uint64_t, const void*);
  if (const auto initialise = reinterpret_cast<Initialise>(::dlsym(libcurl, "OPENSSL_init_crypto")))
    initialise(minimal_openssl, nullptr);
#endif
}

}  // namespace

Curl::Curl(TlsSetup tls) {
#ifdef PUSHMETRICS_STATIC_CURL
#define PUSHMETRICS_LINK(name) name = &::curl_##name;
  PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_LINK)
#undef PUSHMETRICS_LINK
  // Other sources of names are modules of the system's C library, which may not match the one linked here.
  ::__nss_configure_lookup("hosts", "files dns");
  void* const library = nullptr;
#else
  void* const library = ::dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    problem = concat({"libcurl cannot be loaded: ", printable(::dlerror())});
    return;
  }
  // NOLINTBEGIN(bugprone-macro-parentheses): a member's name cannot stand in them
#define PUSHMETRICS_LOOK_UP(name)                                           \
  name = reinterpret_cast<decltype(name)>(::dlsym(library, "curl_" #name)); \
  if (name == nullptr) problem = "libcurl.so.4 has no curl_" #name;
  PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_LOOK_UP)
#undef PUSHMETRICS_LOOK_UP
  // NOLINTEND(bugprone-macro-parentheses)
  if (!problem.empty()) return;
#endif
  if (tls == TlsSetup::minimal) keep_openssl_minimal(library);
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) problem = "libcurl cannot be initialised";
}

const Curl& curl(TlsSetup tls) {
  static const Curl functions(tls);
  return functions;
}

}  // namespace pushmetrics
