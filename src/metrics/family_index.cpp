#include "metrics/family_index.hpp"

namespace pushmetrics {

FamilyIndex index_families(std::span<const Family> families) {
  FamilyIndex index;
  index.reserve(families.size());
  for (std::size_t i = 0; i < families.size(); ++i) index.try_emplace(families[i].name, i);
  return index;
}

}  // namespace pushmetrics
