#include "job/job_metrics.hpp"

#include "formats/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"
#include "metrics/family_index.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pushmetrics {

JobMetrics read_job_metrics(std::string_view text, std::span<const Family> own) {
  ParsedFamilies parsed = parse_appended(text);
  JobMetrics job_metrics;
  for (const Diagnostic& diagnostic : parsed.diagnostics)
    if (diagnostic.severity != Severity::note)
      job_metrics.warnings.push_back(
          concat({"line ", std::to_string(diagnostic.position.line), ": ", diagnostic.message}));

  const FamilyIndex known = index_families(own);
  for (Family& family : parsed.families) {
    if (known.contains(family.name))
      job_metrics.warnings.push_back(concat({family.name, " is one of the run's own metrics"}));
    else
      job_metrics.families.push_back(std::move(family));
  }

  // Families can also clash with each other in ways that no single line shows (s_count beside a summary s).
  // Then none of them is sent, for the gateway would refuse all, the run's own included.
  std::vector<Family> all(own.begin(), own.end());
  all.insert(all.end(), job_metrics.families.begin(), job_metrics.families.end());
  const CheckResult check = check_exposition(write_exposition(all));
  if (!check.valid) {
    job_metrics.families.clear();
    const auto error = std::ranges::find(check.diagnostics, Severity::error, &Diagnostic::severity);
    job_metrics.warnings.push_back(concat({"all of it is left out: ", error->message}));
  }
  return job_metrics;
}

void merge_into(std::vector<Family>& families, std::vector<Family> more) {
  FamilyIndex known = index_families(families);
  for (Family& family : more) {
    const auto [same, is_new] = known.try_emplace(family.name, families.size());
    if (is_new)
      families.push_back(std::move(family));
    else
      std::ranges::move(family.samples, std::back_inserter(families[same->second].samples));
  }
}

}  // namespace pushmetrics
