#include "encoding/pushed_families.hpp"

#include "encoding/series_labels.hpp"
#include "formats/exposition_parser.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace pushmetrics {
namespace {

/// A Pushgateway takes the last `le` or `quantile` of a bucket; a series cannot have a label twice. (Other labels
/// are never repeated in what has been parsed.)
std::string repeated_label_problem(const Sample& sample) {
  for (const std::string_view name : {"le", "quantile"})
    if (std::ranges::count(sample.labels, name, &Label::name) > 1)
      return concat({series_words(sample), " has the label ", name, " twice: keep one"});
  return {};
}

}  // namespace

Result<std::vector<Family>> pushed_families(const Push& push) {
  ParsedFamilies parsed = parse_families(push.body);
  for (const Diagnostic& diagnostic : parsed.diagnostics)
    if (diagnostic.severity == Severity::error)
      return Failure{concat(
          {"its line ", std::to_string(diagnostic.position.line), " is not valid: ", diagnostic.message})};
  for (Family& family : parsed.families) {
    for (Sample& sample : family.samples) {
      if (std::string problem = repeated_label_problem(sample); !problem.empty()) return Failure{problem};
      sample.labels = push.group.apply_to(std::move(sample.labels));
    }
    const std::string problem = same_series_problem(family);
    if (!problem.empty()) return Failure{problem};
  }
  return std::move(parsed.families);
}

std::string gauge_histogram_problem(const std::vector<Family>& families) {
  const auto found = std::ranges::find(families, MetricType::gauge_histogram, &Family::type);
  return gauge_histogram_problem(found == families.end() ? std::string_view() : found->name);
}

std::string gauge_histogram_problem(std::string_view name) {
  if (name.empty()) return {};
  return concat({name, " is a gaugehistogram, which this target does not have: make it a gauge with a ",
                 "label for the bucket"});
}

}  // namespace pushmetrics
