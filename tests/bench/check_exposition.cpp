// How fast check_exposition is: `check_exposition FILE [ROUNDS]`. Tells the best round in MB/s of processor
// time.
#include "metrics/exposition_parser.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  double best = 1e9;
  std::size_t samples = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::clock_t start = std::clock();
    const pushmetrics::CheckResult result = pushmetrics::check_exposition(text);
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    if (!result.valid) return 3;
    samples = result.samples;
  }
  std::printf("%zu samples, %.1f MB, %.1f ms, %.0f MB/s\n", samples, static_cast<double>(text.size()) / 1e6,
              best * 1e3, static_cast<double>(text.size()) / 1e6 / best);
  return 0;
}
