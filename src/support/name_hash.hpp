#pragma once

#include <cstdint>
#include <string_view>

namespace pushmetrics {

/// FNV-1a, 64 bits: for names of files, which have only to be short and different.
constexpr std::uint64_t name_hash(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325U) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace pushmetrics
