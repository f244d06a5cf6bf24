// Preloaded into a process, fails its Nth allocation, FAIL_ALLOCATION=N, and none of its children's. In the file
// COUNT_ALLOCATIONS, of 8 bytes, the process counts them as long as it lives.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

using Counter = std::atomic<std::size_t>;

Counter own_counter;
Counter* counter = &own_counter;
std::size_t failing = 0;

bool is_to_fail() {
  if (++*counter != failing) return false;
  errno = ENOMEM;
  return true;
}

__attribute__((constructor)) void begin() {
  if (const char* const file = std::getenv("COUNT_ALLOCATIONS")) {
    const int opened = ::open(file, O_RDWR | O_CLOEXEC);
    void* const mapped = ::mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
    ::close(opened);
    if (mapped != MAP_FAILED) counter = static_cast<Counter*>(mapped);
  }
  if (const char* const number = std::getenv("FAIL_ALLOCATION")) failing = std::strtoul(number, nullptr, 10);
  for (const char* const name : {"LD_PRELOAD", "FAIL_ALLOCATION", "COUNT_ALLOCATIONS"}) ::unsetenv(name);
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) { return is_to_fail() ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) {
  return is_to_fail() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) { return is_to_fail() ? nullptr : __libc_realloc(old, size); }
void* memalign(std::size_t alignment, std::size_t size) {
  return is_to_fail() ? nullptr : __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  *result = memalign(alignment, size);
  return *result == nullptr ? ENOMEM : 0;
}
}
