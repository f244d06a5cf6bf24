#include "run/duration_histogram.hpp"

#include "formats/exposition_number.hpp"
#include "formats/exposition_parser.hpp"
#include "metrics/catalogue.hpp"
#include "metrics/exposition_writer.hpp"
#include "run/run_counts.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace pushmetrics {

std::vector<double> default_duration_bounds() {
  constexpr double minute = 60, hour = 3600, day = 24 * hour;
  return {1,           5,           15,       30,       minute,   2 * minute, 5 * minute,
          10 * minute, 30 * minute, 1 * hour, 2 * hour, 6 * hour, 12 * hour,  day};
}

DurationHistogram observed_duration(std::vector<double> bounds, Duration took) {
  DurationHistogram histogram{std::move(bounds), {}, 1, to_seconds(took)};
  for (const double bound : histogram.bounds) histogram.counts.push_back(histogram.sum <= bound ? 1 : 0);
  return histogram;
}

DurationHistogram merged(const DurationHistogram& one, const DurationHistogram& other) {
  return other.bounds == one.bounds && other.count > one.count ? other : one;
}

DurationHistogram followed_by(const DurationHistogram& earlier, const DurationHistogram& later) {
  if (earlier.bounds != later.bounds) return later;
  DurationHistogram both = later;
  std::ranges::transform(earlier.counts, later.counts, both.counts.begin(), std::plus());
  both.count += earlier.count;
  both.sum += earlier.sum;
  return both;
}

Family duration_family(const DurationHistogram& histogram, std::string_view prefix) {
  const RunMetric& metric = run_metric::run_duration;
  Family family{metric.full_name(prefix), metric.type, std::string(metric.help), {}};
  const auto add_bucket = [&](double bound, double count) {
    family.samples.push_back({concat({family.name, "_bucket"}), {{"le", format_value(bound)}}, count});
  };
  for (std::size_t i = 0; i < histogram.bounds.size(); ++i)
    add_bucket(histogram.bounds[i], histogram.counts[i]);
  add_bucket(HUGE_VAL, histogram.count);
  family.samples.push_back({concat({family.name, "_sum"}), {}, histogram.sum});
  family.samples.push_back({concat({family.name, "_count"}), {}, histogram.count});
  return family;
}

std::optional<DurationHistogram> read_duration_family(const Family& family) {
  DurationHistogram histogram;
  std::map<double, double> buckets;
  std::optional<double> sum, count;
  for (const Sample& sample : family.samples) {
    if (!sample.name.starts_with(family.name)) return std::nullopt;
    const std::string_view part = std::string_view(sample.name).substr(family.name.size());
    const bool is_bucket = part == "_bucket" && sample.labels.size() == 1 && sample.labels[0].name == "le" &&
                           is_exposition_number(sample.labels[0].value);
    if (is_bucket)
      buckets[sample_value(sample.labels[0].value)] = sample.value;
    else if (part == "_sum" && sample.labels.empty())
      sum = sample.value;
    else if (part == "_count" && sample.labels.empty())
      count = sample.value;
    else
      return std::nullopt;
  }
  if (!sum || !count || !std::isfinite(*sum) || *sum < 0 || !is_count(*count)) return std::nullopt;
  double last = 0;
  for (const auto& [bound, runs] : buckets) {
    if (!is_count(runs) || runs < last || runs > *count || !(bound > 0)) return std::nullopt;
    last = runs;
    if (std::isinf(bound)) continue;
    histogram.bounds.push_back(bound);
    histogram.counts.push_back(runs);
  }
  histogram.count = *count;
  histogram.sum = *sum;
  return histogram;
}

}  // namespace pushmetrics
