#include "delivery/superseded.hpp"

#include "formats/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

namespace pushmetrics {
namespace {

std::set<std::string_view> names_of(const SpoolEntry& entry) {
  return {entry.families.begin(), entry.families.end()};
}

}  // namespace

bool replaces(const SpoolEntry& newer, const SpoolEntry& older) {
  if (newer.push.mode == PushMode::replace) return true;
  if (older.push.mode == PushMode::replace) return false;
  const auto held = names_of(newer);
  return std::ranges::all_of(older.families, [&](const std::string& name) { return held.contains(name); });
}

std::optional<SpoolEntry> rest_of(const SpoolEntry& older, const SpoolEntry& newer) {
  if (replaces(newer, older)) return std::nullopt;
  const auto held = names_of(newer);
  const auto is_held = [&](const auto& name) { return held.contains(name); };
  const bool adds = older.push.mode == PushMode::add;
  if (adds && std::ranges::none_of(older.families, is_held)) return older;

  std::vector<Family> families = parse_families(older.push.body).families;
  if (families.empty()) return older;  // not as pushmetrics writes it: for the target to judge
  std::erase_if(families, [&](const Family& family) { return is_held(family.name); });
  if (!adds) std::ranges::move(parse_families(newer.push.body).families, std::back_inserter(families));
  SpoolEntry rest = older;
  rest.push.body = write_exposition(families);
  rest.families = family_names(rest.push.body);
  return rest;
}

}  // namespace pushmetrics
