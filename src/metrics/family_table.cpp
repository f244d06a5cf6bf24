#include "metrics/family_table.hpp"

namespace pushmetrics {
namespace {

struct Suffix {
  std::string_view text;
  SamplePart part;
};
constexpr Suffix suffixes[] = {
    {"_count", SamplePart::count}, {"_sum", SamplePart::sum}, {"_bucket", SamplePart::bucket}};

}  // namespace

FamilyPart FamilyTable::find_or_add(std::string_view name) {
  if (last_.family != nullptr && name == last_name_) return last_;
  last_ = look_up(name);
  last_name_ = name;
  return last_;
}

FamilyEntry* FamilyTable::find(std::string_view name) {
  const auto known = by_name_.find(name);
  return known == by_name_.end() ? nullptr : known->second;
}

FamilyPart FamilyTable::look_up(std::string_view name) {
  if (FamilyEntry* own = find(name)) return {own, SamplePart::value};
  for (const auto& [suffix, part] : suffixes) {
    if (name.size() <= suffix.size() || !name.ends_with(suffix)) continue;
    FamilyEntry* whole = find(name.substr(0, name.size() - suffix.size()));
    if (whole == nullptr) continue;
    const bool has_part = part == SamplePart::bucket ? whole->is_histogram() : whole->is_compound();
    if (has_part) return {whole, part};
  }
  entries_.push_back({.name = name});
  by_name_.emplace(name, &entries_.back());
  return {&entries_.back(), SamplePart::value};
}

}  // namespace pushmetrics
