// How fast check_exposition is, and how much memory it takes: `check_exposition FILE [ROUNDS]`. Tells the
// best round in MB/s of processor time. The file is mapped, and let go of as it is read.
#include "formats/exposition_parser.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

using namespace pushmetrics;

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int file = ::open(argv[1], O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || ::fstat(file, &status) != 0) return 2;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (mapping == MAP_FAILED) return 2;
  const std::string_view text(static_cast<const char*>(mapping), size);
  const auto drop_pages = [&](std::string_view read) {
    ::madvise(mapping, read.size() & ~std::size_t{0xFFFF}, MADV_DONTNEED);
  };

  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  double best = 1e9;
  std::size_t samples = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::clock_t start = std::clock();
    const CheckResult result = check_exposition(text, {.on_progress = drop_pages});
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    if (!result.valid) return 3;
    samples = result.samples;
  }
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  const double megabytes = static_cast<double>(size) / 1e6;
  std::printf("%zu samples, %.1f MB, %.1f ms, %.0f MB/s, peak memory %ld MB\n", samples, megabytes,
              best * 1e3, megabytes / best, usage.ru_maxrss / 1000);
  return 0;
}
