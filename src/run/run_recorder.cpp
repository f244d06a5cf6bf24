#include "run/run_recorder.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

/// Where a report is delivered: what `stdout:` would print is nobody's any more.
std::vector<std::string> recorded_targets(const DeliveryOptions& delivery) {
  std::vector<std::string> names;
  for (const TargetUrl& url : target_urls(delivery))
    if (url.kind != TargetUrl::Kind::standard_output && url.kind != TargetUrl::Kind::unusable)
      names.push_back(url.name);
  return names;
}

}  // namespace

void RunRecorder::begin(const GroupingKey& group, std::chrono::system_clock::time_point started,
                        const std::optional<OomKillCount>& oom_kills_before,
                        const std::string& metrics_file) {
  spool_ = options_.delivery.spool();
  if (!spool_) return;
  RunRecord record{group, options_.report.prefix, started, {}, recorded_targets(options_.delivery)};
  if (record.targets.empty()) return;
  record.is_running_pushed = options_.report.heartbeat;
  record.is_counted = options_.count;
  record.metrics_file = metrics_file;
  record.oom_kills = oom_kills_before;
  auto written = OwnRunRecord::write(*spool_, std::move(record));
  if (written)
    record_ = std::move(*written);
  else
    console_.note(concat({"job ", in_quotes(group.job()),
                          ": if pushmetrics is killed, that is not reported: ", written.error()}));
}

void RunRecorder::search_soon(GetTargets targets, std::function<bool()> job_has_ended) {
  if (!spool_) return;
  targets_ = std::move(targets);
  job_has_ended_ = std::move(job_has_ended);
  search_ = loop_.call_at(EventLoop::Clock::now(), [this] { search(); });
}

/// A little at a time, between which the loop notices signals and the end of the job.
void RunRecorder::search() {
  constexpr std::chrono::milliseconds at_once(10), pause(50);
  constexpr int max_idle_searches = 20;
  search_ = EventLoop::no_timer;
  if (job_has_ended_()) return;
  has_searched_ = true;
  const InterruptedRuns found = report(false, at_once);
  if (found.reported == 0) ++idle_searches_;
  const bool is_over = !found.is_incomplete || idle_searches_ >= max_idle_searches;
  // What is under way is not begun anew for each step.
  if (is_delivery_due_ && (is_over || !reports_)) deliver(targets_());
  if (!is_over) search_ = loop_.call_at(EventLoop::Clock::now() + pause, [this] { search(); });
}

InterruptedRuns RunRecorder::report(bool has_ended, Duration limit) {
  std::optional<FindingRun> finder;
  if (record_) finder = FindingRun{record_->name(), has_ended, options_.report.heartbeat};
  InterruptedRuns found = report_interrupted_runs(*spool_, console_, finder, limit);
  waiting_.insert(waiting_.end(), found.targets.begin(), found.targets.end());
  is_delivery_due_ = is_delivery_due_ || !found.targets.empty();
  own_.is_reported = own_.is_reported || found.own.is_reported;
  own_.has_older = found.own.has_older && !has_ended;
  return found;
}

void RunRecorder::deliver(const std::vector<Target>& targets) {
  std::ranges::sort(waiting_);
  waiting_.erase(std::unique(waiting_.begin(), waiting_.end()), waiting_.end());
  reports_.emplace(loop_, options_.delivery, *spool_, targets, waiting_, console_);
  is_delivery_due_ = false;
}

void RunRecorder::begin_sync() const {
  if (record_) record_->begin_sync();
}

bool RunRecorder::end_search() {
  loop_.cancel(search_);
  if (!reports_ || !own_.is_reported || reports_->idle()) return false;
  reports_.reset();
  is_delivery_due_ = true;
  return true;
}

void RunRecorder::count_older() {
  if (!spool_ || !record_ || (has_searched_ && !own_.has_older)) return;
  has_searched_ = !report(true, Duration::zero()).is_incomplete;  // its own series is the first
}

void RunRecorder::add_end(const Push& push) const {
  if (record_) record_->append(write_run_end(push));
}

void RunRecorder::add_end(const Push& push, const RunTotals& share) const {
  if (record_) record_->append(concat({write_run_end(push), write_run_share(share, options_.report.prefix)}));
}

void RunRecorder::finish(const GetTargets& targets, Moment moment) {
  if (!spool_) return;
  constexpr std::chrono::seconds longest(1);
  // While its record still shows that it was newer than others of its group.
  if (!has_searched_ || own_.has_older) static_cast<void>(report(true, longest));
  if (record_) record_->remove();
  record_.reset();
  if (moment == Moment::one) {
    if (is_delivery_due_) deliver(targets());
    if (reports_) reports_->wait(loop_);
  }
  reports_.reset();
}

}  // namespace pushmetrics
