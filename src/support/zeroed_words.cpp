#include "support/zeroed_words.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace pushmetrics {
namespace {

constexpr std::size_t large_page = std::size_t{2} << 20U;

bool is_large(std::size_t count) { return count * sizeof(std::uint64_t) >= large_page; }

/// Aligned to the start of a large page, which would otherwise happen only by chance.
void* map(std::size_t bytes) {
  const std::size_t spare = large_page;
  void* const mapped =
      ::mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* const begin = static_cast<char*>(mapped);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(begin) % large_page;
  if (before != 0) ::munmap(begin, before);
  ::munmap(begin + before + bytes, spare - before);
  ::madvise(begin + before, bytes, MADV_HUGEPAGE);
  return begin + before;
}

}  // namespace

ZeroedWords::ZeroedWords(std::size_t count) {
  void* const words =
      is_large(count) ? map(count * sizeof(std::uint64_t)) : std::calloc(count, sizeof(std::uint64_t));
  if (words == nullptr) throw std::bad_alloc();
  words_ = {static_cast<std::uint64_t*>(words), Release{count}};
}

void ZeroedWords::Release::operator()(std::uint64_t* words) const {
  if (is_large(count))
    ::munmap(words, count * sizeof(std::uint64_t));
  else
    std::free(words);
}

}  // namespace pushmetrics
