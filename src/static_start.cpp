// What OpenSSL does at the start of the static binary, or libcurl has it do at every push, though hardly any
// needs it. The linker puts these functions in the place of OpenSSL's (--wrap).
#include <openssl/crypto.h>

#include <cstdint>

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" {

int __real_OPENSSL_init_ssl(std::uint64_t options, const void* settings);
int __wrap_OPENSSL_init_ssl(std::uint64_t options, const void* settings);
void __real_OPENSSL_cpuid_setup();
void __wrap_OPENSSL_cpuid_setup();

/// libcurl calls it whether or not there will be TLS, and is the only one to name the configuration. What
/// begins TLS calls it for itself (OPENSSL_init_ssl(3): there is no need to call it).
int __wrap_OPENSSL_init_ssl(std::uint64_t options, const void* settings) {
  if ((options & OPENSSL_INIT_LOAD_CONFIG) != 0) return 1;
  __real_OPENSSL_cpuid_setup();
  return __real_OPENSSL_init_ssl(options, settings);
}

/// Called before main. Each question to the processor is one to the hypervisor, where there is one.
void __wrap_OPENSSL_cpuid_setup() {}
}
// NOLINTEND(bugprone-reserved-identifier)
