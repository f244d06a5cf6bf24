// What a library of the static binary does at every push, though hardly any needs it. The linker puts this
// function in the place of the library's own (--wrap).
#include <openssl/crypto.h>

#include <cstdint>

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" {

int __real_OPENSSL_init_ssl(std::uint64_t options, const void* settings);
int __wrap_OPENSSL_init_ssl(std::uint64_t options, const void* settings);

/// libcurl calls it whether or not there will be TLS, and is the only one to name the configuration. What
/// begins TLS calls it for itself (OPENSSL_init_ssl(3): there is no need to call it).
int __wrap_OPENSSL_init_ssl(std::uint64_t options, const void* settings) {
  return (options & OPENSSL_INIT_LOAD_CONFIG) != 0 ? 1 : __real_OPENSSL_init_ssl(options, settings);
}
}
// NOLINTEND(bugprone-reserved-identifier)
