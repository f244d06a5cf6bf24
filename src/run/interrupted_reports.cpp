#include "run/interrupted_reports.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

/// Targets that some other process named. That they cannot be reached is for whoever is responsible for them.
std::vector<Target> targets_named(const std::vector<std::string>& names, const TargetContext& context) {
  std::vector<Target> targets;
  for (const std::string& name : names) {
    auto url = parse_target_url(name);
    if (!url || url->kind == TargetUrl::Kind::standard_output) continue;
    url->name = name;
    url->is_configured = false;
    targets.push_back(make_target(*url, context));
  }
  return targets;
}

}  // namespace

InterruptedReports::InterruptedReports(EventLoop& loop, const DeliveryOptions& delivery, const Spool& spool,
                                       const std::vector<Target>& own, const std::vector<std::string>& names,
                                       const Console& console)
    : own_(loop, own, delivery.policy, spool, report_of_spool(console)) {
  std::vector<std::string> others;
  for (const std::string& name : names) {
    const auto target = std::ranges::find(own, name, &Target::name);
    if (target != own.end())
      own_.flush(*target, [](const Backlog::Result&) {});
    else
      others.push_back(name);
  }
  if (others.empty()) return;
  http_.emplace(loop);
  HttpOptions access;
  access.connect_timeout = delivery.http.connect_timeout;
  other_targets_ = targets_named(others, {*http_, access, STDERR_FILENO});
  others_.emplace(loop, other_targets_, delivery.policy, spool, report_of_spool(console));
  for (const Target& target : other_targets_) others_->flush(target, [](const Backlog::Result&) {});
}

void InterruptedReports::wait(EventLoop& loop) const {
  constexpr std::chrono::seconds moment(1);
  bool is_over = false;
  const auto timer = loop.call_at(EventLoop::Clock::now() + moment, [&] { is_over = true; });
  loop.run_until([&] { return is_over || idle(); });
  loop.cancel(timer);
}

void report_interrupted_runs_at_end(EventLoop& loop, const DeliveryOptions& delivery,
                                    const std::vector<Target>& own, const Console& console) {
  const auto spool = delivery.spool();
  if (!spool) return;
  constexpr std::chrono::seconds limit(1);
  const InterruptedRuns found = report_interrupted_runs(*spool, console, std::nullopt, limit);
  if (found.reported == 0) return;
  InterruptedReports(loop, delivery, *spool, own, found.targets, console).wait(loop);
}

}  // namespace pushmetrics
