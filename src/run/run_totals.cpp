#include "run/run_totals.hpp"

#include "metrics/catalogue.hpp"
#include "metrics/family_index.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace pushmetrics {
namespace {

using Join = double (*)(double one, double other);

double sum_of(double one, double other) { return one + other; }
double larger_of(double one, double other) { return std::max(one, other); }

/// Both families' series; what both have is joined.
void join_into(Family& family, const Family& other, Join join) {
  std::map<std::vector<Label>, std::size_t> places;
  const auto labels_of = [](const Sample& sample) {
    std::vector<Label> labels = sample.labels;
    std::ranges::sort(labels);
    return labels;
  };
  for (std::size_t i = 0; i < family.samples.size(); ++i) places.emplace(labels_of(family.samples[i]), i);
  for (const Sample& sample : other.samples) {
    const auto [place, is_new] = places.try_emplace(labels_of(sample), family.samples.size());
    if (is_new)
      family.samples.push_back(sample);
    else
      family.samples[place->second].value = join(family.samples[place->second].value, sample.value);
  }
  if (!other.help.empty()) family.help = other.help;
}

std::vector<Family> joined(std::vector<Family> one, const std::vector<Family>& other, Join join) {
  const FamilyIndex known = index_families(one);
  for (const Family& family : other) {
    const auto same = known.find(family.name);
    if (same == known.end())
      one.push_back(family);
    else
      join_into(one[same->second], family, join);
  }
  return one;
}

template <typename Part>
std::optional<Part> joined(const std::optional<Part>& one, const std::optional<Part>& other,
                           Part (*join)(const Part&, const Part&)) {
  if (one && other) return join(*one, *other);
  return one ? one : other;
}

}  // namespace

void drop_group_labels(RunTotals& totals, const GroupLabels& group) {
  drop_group_labels(totals.added, group);
  for (Family& family : totals.added) {
    std::map<std::vector<Label>, double> sums;
    for (Sample& sample : family.samples) {
      std::ranges::sort(sample.labels);
      sums[sample.labels] += sample.value;
    }
    if (sums.size() == family.samples.size()) continue;
    family.samples.clear();
    for (const auto& [labels, sum] : sums) family.samples.push_back({family.name, labels, sum});
  }
}

RunTotals merged(const RunTotals& one, const RunTotals& other) {
  return {joined<RunCounts>(one.counts, other.counts, merged),
          joined<DurationHistogram>(one.durations, other.durations, merged),
          joined(one.added, other.added, larger_of)};
}

RunTotals followed_by(const RunTotals& earlier, const RunTotals& later) {
  return {joined<RunCounts>(earlier.counts, later.counts, followed_by),
          joined<DurationHistogram>(earlier.durations, later.durations, followed_by),
          joined(earlier.added, later.added, sum_of)};
}

RunTotals parts_of(const RunTotals& totals, Parts which, const RunTotals& others) {
  RunTotals parts;
  const bool wants_common = which == Parts::common;
  if (others.counts.has_value() == wants_common) parts.counts = totals.counts;
  if (others.durations.has_value() == wants_common) parts.durations = totals.durations;
  const FamilyIndex there = index_families(others.added);
  for (const Family& family : totals.added)
    if (there.contains(family.name) == wants_common) parts.added.push_back(family);
  return parts;
}

std::vector<Family> total_families(const RunTotals& totals, std::string_view prefix) {
  std::vector<Family> families;
  if (totals.counts) families = count_families(*totals.counts, prefix);
  if (totals.durations) families.push_back(duration_family(*totals.durations, prefix));
  families.insert(families.end(), totals.added.begin(), totals.added.end());
  return families;
}

RunTotals read_totals(std::vector<Family> families, std::string_view prefix) {
  RunTotals totals;
  totals.counts = run_counts_of(families, prefix);
  const std::string durations = run_metric::run_duration.full_name(prefix);
  for (Family& family : families) {
    if (family.name == durations && family.type == MetricType::histogram)
      totals.durations = read_duration_family(family);
    if (family.type != MetricType::counter || is_reserved_name(family.name, prefix)) continue;
    std::erase_if(family.samples,
                  [](const Sample& sample) { return !std::isfinite(sample.value) || sample.value < 0; });
    if (!family.samples.empty()) totals.added.push_back(std::move(family));
  }
  return totals;
}

void add_run(KnownTotals& known, const RunTotals& share, const std::optional<RunTotals>& held) {
  const RunTotals targets = held.value_or(RunTotals{});
  known.here_only = followed_by(known.here_only, parts_of(share, Parts::missing, known.all));
  known.all = followed_by(merged(known.all, parts_of(targets, Parts::common, known.all)),
                          parts_of(share, Parts::common, known.all));
  if (!held) return;
  const RunTotals before = parts_of(targets, Parts::common, known.here_only);
  known.all = followed_by(known.all, followed_by(before, known.here_only));
  known.here_only = {};
}

}  // namespace pushmetrics
