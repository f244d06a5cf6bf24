#pragma once

#include "metrics/family.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>

namespace pushmetrics {

/// The index of each family by name.
using FamilyIndex = std::unordered_map<std::string, std::size_t>;

/// If a name exists twice, the first one is used.
FamilyIndex index_families(std::span<const Family> families);

}  // namespace pushmetrics
