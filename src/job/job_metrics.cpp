#include "job/job_metrics.hpp"

#include "formats/exposition_parser.hpp"
#include "job/added_counters.hpp"
#include "metrics/catalogue.hpp"
#include "metrics/exposition_writer.hpp"
#include "metrics/family_index.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace pushmetrics {
namespace {

/// Keeps the first of many, and how many more there are.
class Warnings {
 public:
  void add(std::string warning) {
    constexpr std::size_t most = 20;
    if (kept_.size() < most)
      kept_.push_back(std::move(warning));
    else
      ++omitted_;
  }
  void omit(std::size_t count) { omitted_ += count; }

  std::vector<std::string> take() {
    if (omitted_ > 0) kept_.push_back(concat({std::to_string(omitted_), " more problems"}));
    return std::move(kept_);
  }

 private:
  std::vector<std::string> kept_;
  std::size_t omitted_ = 0;
};

/// Each with the line itself, which is gone with the file. `diagnostics` are in the order of the lines.
void add_warnings(Warnings& warnings, std::string_view text, const std::vector<Diagnostic>& diagnostics) {
  constexpr std::size_t shown = 60;
  std::size_t number = 1;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == Severity::note) continue;
    for (; number < diagnostic.position.line; ++number)
      text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    warnings.add(concat({"line ", std::to_string(number), ", `",
                         visible(text.substr(0, text.find('\n')), shown), "`: ", diagnostic.message}));
  }
}

/// What follows the last line end.
void drop_cut_line(std::string_view& text, Warnings& warnings) {
  const std::size_t line = text.rfind('\n') + 1;  // 0: there is none
  if (trim(text.substr(line)).empty()) return;
  constexpr std::size_t shown = 60;
  warnings.add(concat({"its last line, `", visible(text.substr(line), shown),
                       "`, has no line end and may be cut, as the job was killed: it is skipped"}));
  text = text.substr(0, line);
}

std::string without_mention(const Diagnostic& diagnostic) {
  std::string message = diagnostic.message;
  if (diagnostic.mention) message.erase(diagnostic.mention->at, diagnostic.mention->size);
  return message;
}

/// Why the family cannot be pushed, whatever is in it; empty: it can.
std::string_view name_or_type_problem(const Family& family, const FamilyIndex& own, std::string_view prefix) {
  if (own.contains(family.name) || is_reserved_name(family.name, prefix))
    return " is one of the run's own metrics";
  if (family.type == MetricType::gauge_histogram)
    return " is a gaugehistogram, which not every target accepts: use a gauge with a label for the bucket";
  return {};
}

/// Drops families that cannot be pushed with the others in ways that no single line shows: `s_count` beside a
/// summary `s`, or a name that a Pushgateway has itself. It would reject everything, the run's own included.
/// True if any was dropped.
bool drop_conflicting(std::vector<Family>& families, const JobMetricsContext& context, Warnings& warnings) {
  std::string text = write_exposition(context.own);
  std::vector<std::size_t> first_lines;
  auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  for (const Family& family : families) {
    first_lines.push_back(lines + 1);
    const std::string written = write_exposition({&family, 1});
    lines += static_cast<std::size_t>(std::ranges::count(written, '\n'));
    text += written;
  }
  CheckOptions options;
  options.limit = std::numeric_limits<std::size_t>::max();
  if (context.gateway == JobMetricsContext::Gateway::some) options.clash_with_gateway = Severity::error;

  std::vector<bool> dropped(families.size());
  for (const Diagnostic& diagnostic : check_exposition(text, options).diagnostics) {
    const auto after = std::ranges::upper_bound(first_lines, diagnostic.position.line);
    if (diagnostic.severity != Severity::error || after == first_lines.begin()) continue;
    const auto index = static_cast<std::size_t>(after - first_lines.begin()) - 1;
    if (!dropped[index])
      warnings.add(concat({families[index].name, " is dropped: ", without_mention(diagnostic)}));
    dropped[index] = true;
  }
  const std::size_t before = families.size();
  std::erase_if(families, [&](const Family& family) {
    return dropped[static_cast<std::size_t>(&family - families.data())];
  });
  return families.size() != before;
}

/// Those that the job set, and the others, to which it added.
JobMetrics divide(std::vector<Family> families, const FamilyIndex& set, Warnings& warnings) {
  JobMetrics result;
  for (Family& family : families) {
    const bool is_set = set.contains(family.name);
    (is_set ? result.families : result.added).push_back(std::move(family));
  }
  result.warnings = warnings.take();
  return result;
}

}  // namespace

JobMetrics read_job_metrics(std::string_view text, const JobMetricsContext& context) {
  Warnings warnings;
  if (context.ending == JobMetricsContext::Ending::killed) drop_cut_line(text, warnings);
  ParsedFamilies parsed = parse_appended(text);
  add_warnings(warnings, text, parsed.diagnostics);
  warnings.omit(parsed.omitted);

  std::vector<Family> families;
  const FamilyIndex own = index_families(context.own);
  const auto take = [&](Family& family, std::string_view problem) {
    if (problem.empty()) problem = name_or_type_problem(family, own, context.prefix);
    if (problem.empty())
      families.push_back(std::move(family));
    else
      warnings.add(concat({family.name, problem}));
  };
  for (Family& family : parsed.families) take(family, {});
  const FamilyIndex set = index_families(families);
  AddedCounters added = read_added_counters(text);
  if (added.invalid > 0)
    warnings.add(concat({std::to_string(added.invalid), " invalid lines of 'pushmetrics add'"}));
  for (Family& family : added.families)
    take(family, set.contains(family.name) ? " is both set and added: what was added is dropped" : "");
  while (!families.empty() && drop_conflicting(families, context, warnings)) {
  }
  return divide(std::move(families), set, warnings);
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
