#include "sinks/pushed_families.hpp"

#include "formats/exposition_parser.hpp"
#include "sinks/series_labels.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace pushmetrics {

Result<std::vector<Family>> pushed_families(const Push& push) {
  ParsedFamilies parsed = parse_families(push.body);
  for (const Diagnostic& diagnostic : parsed.diagnostics)
    if (diagnostic.severity == Severity::error)
      return Failure{concat(
          {"its line ", std::to_string(diagnostic.position.line), " is not valid: ", diagnostic.message})};
  for (Family& family : parsed.families) {
    for (Sample& sample : family.samples) sample.labels = push.group.apply_to(std::move(sample.labels));
    const std::string problem = same_series_problem(family);
    if (!problem.empty()) return Failure{problem};
  }
  return std::move(parsed.families);
}

std::string gauge_histogram_problem(const std::vector<Family>& families) {
  const auto found = std::ranges::find(families, MetricType::gauge_histogram, &Family::type);
  if (found == families.end()) return {};
  return concat({found->name,
                 " is a gaugehistogram, which this target does not have: make it a gauge with a ",
                 "label for the bucket"});
}

}  // namespace pushmetrics
