#include "run/job_additions.hpp"

#include "job/job_metrics.hpp"
#include "support/text.hpp"

#include <utility>

namespace pushmetrics {
namespace {

JobMetricsContext metrics_context(const JobAdditionsContext& context) {
  const Outcome& outcome = context.outcome;
  const bool is_killed = outcome.timed_out || outcome.ending == Outcome::Ending::killed;
  return {context.known, context.prefix,
          context.to_gateway ? JobMetricsContext::Gateway::some : JobMetricsContext::Gateway::none,
          is_killed ? JobMetricsContext::Ending::killed : JobMetricsContext::Ending::own};
}

void add_steps(JobAdditions& additions, std::string_view text, const JobAdditionsContext& context) {
  Steps recorded = read_steps(text, context.outcome.ended);
  additions.steps = std::move(recorded.steps);
  if (recorded.omitted > 0)
    additions.step_warnings.push_back(
        concat({std::to_string(recorded.omitted), " runs of further steps are dropped: it has ",
                std::to_string(additions.steps.size()), " different ones already"}));
  if (!additions.steps.empty() && context.group.value("step"))
    additions.step_warnings.emplace_back(
        "its steps are not pushed: they have a label 'step', and so has the group");
  else
    merge_into(additions.families, step_families(additions.steps, context.prefix));
}

}  // namespace

JobAdditions read_job_additions(const Result<JobMetricsFile::Contents>& contents,
                                const JobAdditionsContext& context) {
  JobAdditions additions;
  if (!contents) {
    additions.metric_warnings.push_back(contents.error());
    return additions;
  }
  JobMetrics metrics = read_job_metrics(contents->text, metrics_context(context));
  additions.families = std::move(metrics.families);
  additions.counters = std::move(metrics.added);
  additions.metric_warnings = std::move(metrics.warnings);
  if (contents->cut)
    additions.metric_warnings.push_back(
        concat({"only the first ", std::to_string(JobMetricsFile::size_limit >> 20), " MiB count"}));
  add_steps(additions, contents->text, context);
  return additions;
}

}  // namespace pushmetrics
