#pragma once

#include "metrics/family.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>

namespace pushmetrics {

/// The place of each family by its name.
using FamilyIndex = std::unordered_map<std::string, std::size_t>;

/// Of a name that is there twice, the first counts.
FamilyIndex index_families(std::span<const Family> families);

}  // namespace pushmetrics
