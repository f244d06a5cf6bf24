#include "support/memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

#include <array>
#include <cstdint>

namespace pushmetrics {
namespace {

struct Segments {
  struct Segment {
    void* begin;
    std::size_t size;
  };
  std::array<Segment, 128> found;  // libcurl loads some thirty libraries with three segments each
  std::size_t count = 0;
};

int find_unwritable_segments(dl_phdr_info* object, std::size_t, void* place) {
  auto& segments = *static_cast<Segments*>(place);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    // What is writable, or was before relocation, differs from the file.
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(segment.p_align - 1);
    const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_filesz;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives addresses as numbers
    void* const address = reinterpret_cast<void*>(begin);
    if (segments.count < segments.found.size()) segments.found[segments.count++] = {address, end - begin};
  }
  return 0;
}

}  // namespace

void release_memory() {
  ::malloc_trim(0);
  Segments segments;
  ::dl_iterate_phdr(find_unwritable_segments, &segments);
  // Code that runs from here on is loaded again in pieces of 64 KiB: as little as possible.
  for (std::size_t i = 0; i < segments.count; ++i)
    ::madvise(segments.found[i].begin, segments.found[i].size, MADV_DONTNEED);
}

}  // namespace pushmetrics
