#include "pushgateway/group_snapshot.hpp"

#include <functional>
#include <utility>

namespace pushmetrics {

void SeriesIdentity::add(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = std::hash<std::string_view>{}(name)*odd + std::hash<std::string_view>{}(value);
  mixed = (mixed ^ (mixed >> 31)) * odd;
  value_ += mixed ^ (mixed >> 29);  // a sum, so that the order does not matter
}

void drop_group_labels(std::vector<Family>& families, const GroupLabels& group) {
  for (Family& family : families)
    for (Sample& sample : family.samples)
      std::erase_if(sample.labels, [&](const Label& label) {
        return label.value.empty() || group.value(label.name).has_value();
      });
}

}  // namespace pushmetrics
