#include "run/run_session.hpp"

#include "delivery/outbox.hpp"
#include "delivery/rejected_pushes.hpp"
#include "job/job_metrics.hpp"
#include "job/job_metrics_file.hpp"
#include "job/signals.hpp"
#include "job/supervisor.hpp"
#include "metrics/exposition_writer.hpp"
#include "metrics/family_index.hpp"
#include "run/heartbeat.hpp"
#include "run/job_additions.hpp"
#include "run/job_environment.hpp"
#include "run/run_counter.hpp"
#include "run/run_recorder.hpp"
#include "schedule/next_run.hpp"
#include "support/crash_guard.hpp"
#include "support/memory.hpp"
#include "support/message_queue.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace pushmetrics {
namespace {

JobSpec job_spec(const RunOptions& options, std::vector<std::string> command, const JobMetricsFile* file) {
  JobSpec spec;
  spec.command = std::move(command);
  spec.environment = job_environment(file);
  spec.time_limit = options.time_limit;
  spec.time_limit_signal = options.time_limit_signal;
  spec.kill_after = options.kill_after;
  return spec;
}

/// Writes the pieces as they are, cut to what a line of a terminal or a log takes.
void report_without_memory(std::initializer_list<std::string_view> pieces) {
  std::array<char, 1024> text;
  std::size_t length = 0;
  for (const std::string_view piece : pieces)
    length += piece.copy(text.data() + length, text.size() - length);
  text[std::min(length, text.size() - 1)] = '\n';
  write_message({text.data(), std::min(length, text.size())});
}

std::vector<Family> joined(std::vector<Family> families, const std::vector<Family>& more) {
  families.insert(families.end(), more.begin(), more.end());
  return families;
}

/// One run: the job first, then its push.
class RunSession {
 public:
  RunSession(RunOptions& options, const GroupingKey& group, std::vector<std::string> command)
      : options_(options),
        console_(options.common.console()),
        messages_(loop_),
        group_(group),
        job_words_(concat({"job '", printable(group.job()), "': "})),
        file_(JobMetricsFile::create()),
        program_(visible(command.front())),
        supervisor_(loop_, job_spec(options, std::move(command), file_ ? &*file_ : nullptr)),
        http_(loop_, options.delivery.tls_setup()),
        heartbeat_(
            loop_, options.heartbeat, [this] { return push_of_running_job(); },
            [this](const std::string& reason) {
              console_.note(concat({job_words_, "the start or heartbeat was not pushed: ", reason}));
            }),
        recorder_(loop_, options, console_) {}
  ~RunSession() = default;
  RunSession(const RunSession&) = delete;
  RunSession& operator=(const RunSession&) = delete;

  RunResult execute(const std::vector<std::string>& problems);

 private:
  bool attempt(const char* what, const std::function<void()>& step);
  void wait_for_job();
  void end_after_crash(int signal);
  bool save_own_metrics();
  bool spool_own_metrics(const std::string& target);
  void drain_messages();
  void report_option_problems(const std::vector<std::string>& problems) const;
  void report_spawn_failure() const;
  void find_next_run();
  const std::vector<Target>& open_targets();
  void begin_record();
  void begin_heartbeat();
  std::optional<Push> push_of_running_job() const;
  bool push();
  void make_counter();
  std::vector<Family> additions(std::vector<Family> known);
  RunTotals share_of_run() const;
  EventLoop::Clock::time_point count(std::vector<Family>& added);
  void add_totals(std::vector<Family>& added, const std::optional<RunTotals>& totals) const;
  void on_asked_to_end();
  void give_up();
  bool deliver(const std::vector<Family>& own, std::vector<Family> added);
  void report_push(const PushResult& result);
  Push push_of(const std::vector<Family>& families, std::chrono::system_clock::time_point when) const;

  RunOptions& options_;
  Console console_;
  EventLoop loop_;
  MessageQueue messages_;
  const GroupingKey& group_;
  std::string job_words_;
  Result<JobMetricsFile> file_;
  std::string program_;  ///< fit for a message
  Supervisor supervisor_;
  HttpClient http_;
  std::vector<Target> targets_;
  std::optional<Outbox> outbox_;
  std::optional<RunCounter> counter_;
  /// What this run adds to the totals.
  RunTotals share_;
  Heartbeat heartbeat_;
  RunRecorder recorder_;
  /// Targets that refused what was added to the run's own metrics.
  std::set<const Target*> without_additions_;
  std::vector<TargetResult> target_results_;
  std::vector<Step> steps_;
  /// When and until when: since somebody asked pushmetrics, rather than the job, to end.
  EventLoop::Clock::time_point first_call_;
  EventLoop::TimerId last_call_ = EventLoop::no_timer;
  bool given_up_ = false;
};

RunResult RunSession::execute(const std::vector<std::string>& problems) {
  erase_secrets_from_environment();
  supervisor_.start();
  const CrashGuard guard(
      [](void* session, int signal) { static_cast<RunSession*>(session)->end_after_crash(signal); }, this);
  if (options_.schedule) attempt("internal error", [&] { find_next_run(); });
  if (!options_.dry_run) attempt("internal error", [&] { begin_record(); });
  attempt("internal error", [&] {
    if (!options_.dry_run) HttpClient::preload(options_.delivery.tls_setup());
    report_option_problems(problems);
    if (!options_.dry_run && (options_.notify_start || options_.heartbeat)) begin_heartbeat();
  });
  wait_for_job();
  attempt("internal error", [&] { report_spawn_failure(); });
  bool pushed = false;
  if (!attempt("internal error", [&] { pushed = push(); })) pushed = save_own_metrics();
  attempt("internal error", [&] {
    recorder_.finish([this]() -> const std::vector<Target>& { return open_targets(); },
                     given_up_ ? RunRecorder::Moment::none : RunRecorder::Moment::one);
  });
  attempt("internal error", [&] { drain_messages(); });
  return {*supervisor_.outcome(), pushed, std::move(target_results_), std::move(steps_)};
}

/// Whatever goes wrong, the job goes on to its end, its status is handed on, and the push is not forgotten.
bool RunSession::attempt(const char* what, const std::function<void()>& step) {
  try {
    step();
    return true;
  } catch (const std::exception& error) {
    report_without_memory({"pushmetrics: ", job_words_, what, ": ", error.what(), "\n"});
    return false;
  }
}

/// The exit status is the job's even then. What its record says of the run is reported by the next one.
void RunSession::end_after_crash(int signal) {
  supervisor_.wait_without_loop();
  const char* const name = ::sigabbrev_np(signal);
  report_without_memory({"pushmetrics: ", job_words_, "internal error (SIG", name == nullptr ? "?" : name,
                         "); a push that is not reported as delivered or spooled is discarded\n"});
  if (file_) ::unlink(file_->path().c_str());
  std::_Exit(end_like(*supervisor_.outcome()));
}

void RunSession::wait_for_job() {
  const auto job_has_ended = [this] { return supervisor_.outcome().has_value(); };
  const bool waited = attempt("internal error", [&] {
    // Of use only where the job goes on for a while.
    constexpr std::chrono::seconds a_while(1);
    const auto pause = loop_.call_at(EventLoop::Clock::now() + a_while, [this] {
      recorder_.begin_sync();
      loop_.call_before_wait(release_memory);
    });
    loop_.run_until(job_has_ended);
    loop_.cancel(pause);
  });
  if (!waited) supervisor_.wait_without_loop();
}

/// After a push that failed halfway: what no target is known to have is spooled, or reported as lost.
bool RunSession::save_own_metrics() {
  bool all_delivered = true;
  for (const TargetUrl& url : target_urls(options_.delivery)) {
    const auto known = std::ranges::find(target_results_, url.name, &TargetResult::target);
    if (known != target_results_.end() && known->status != PushResult::Status::discarded) {
      all_delivered = all_delivered && known->status == PushResult::Status::delivered;
      continue;
    }
    all_delivered = false;
    bool spooled = false;
    attempt("cannot spool the push", [&] { spooled = spool_own_metrics(url.name); });
    report_without_memory({"pushmetrics: ", job_words_, spooled ? "spooled" : "the push is discarded", ": ",
                           url.name, ": internal error\n"});
  }
  return all_delivered;
}

bool RunSession::spool_own_metrics(const std::string& target) {
  auto spool = options_.delivery.spool();
  if (!spool) return false;
  const Outcome& outcome = *supervisor_.outcome();
  const auto stored = spool->store(target, push_of(report(outcome, options_.report), outcome.ended));
  if (!stored) return false;
  for (const std::string& sentence : stored->discarded) console_.error(sentence);
  return true;
}

/// Longer than a log collector pauses; but nobody may read standard error any more, and the run has ended.
void RunSession::drain_messages() {
  constexpr std::chrono::seconds patience(4);
  bool asked_to_end = false;
  supervisor_.when_asked_to_end([&] { asked_to_end = true; });
  messages_.drain(patience, [&] { return asked_to_end; });
  supervisor_.when_asked_to_end(nullptr);
}

void RunSession::report_option_problems(const std::vector<std::string>& problems) const {
  for (const std::string& problem : problems) console_.warn(concat({problem, "; ignored"}));
  warn_of_high_cardinality(group_, options_.group, console_);
  if (!file_)
    console_.warn(
        concat({job_words_, "the metrics it writes to PUSHMETRICS_FILE are discarded: ", file_.error()}),
        "set TMPDIR to a directory that can be written to");
}

/// Before anything starts a thread, as ZoneScope demands.
void RunSession::find_next_run() {
  const auto started = std::chrono::floor<std::chrono::seconds>(supervisor_.started());
  const auto found = next_run(*options_.schedule, options_.timezone, started);
  if (found)
    options_.report.next_run = *found;
  else
    console_.warn(concat({job_words_, "its next run is not pushed: ", found.error()}), found.failure().hint);
}

/// There is no job then that could say so.
void RunSession::report_spawn_failure() const {
  const Outcome& outcome = *supervisor_.outcome();
  if (outcome.ending != Outcome::Ending::not_found && outcome.ending != Outcome::Ending::not_executable)
    return;
  const std::string& interpreter = supervisor_.interpreter_not_found();
  if (interpreter.empty())
    return console_.error(concat({job_words_, "'", printable(program_), "' ", outcome.describe()}));
  console_.error(concat({job_words_, "'", printable(program_), "' cannot be executed: bad interpreter: '",
                         printable(interpreter), "' was not found"}));
}

/// Whatever is pushmetrics' end, that of the run is reported; and so are those of others.
void RunSession::begin_record() {
  recorder_.begin(group_, supervisor_.started(), supervisor_.oom_kills_before(),
                  file_ ? file_->path() : std::string());
  recorder_.search_soon([this]() -> const std::vector<Target>& { return open_targets(); },
                        [this] { return supervisor_.outcome().has_value(); });
}

const std::vector<Target>& RunSession::open_targets() {
  if (outbox_) return targets_;
  std::vector<std::string> problems;
  targets_ = make_targets(options_.delivery, http_, STDERR_FILENO, problems);
  for (const std::string& problem : problems) console_.warn(problem);
  outbox_.emplace(loop_, targets_, options_.delivery.policy, options_.delivery.spool(),
                  report_of_spool(console_));
  return targets_;
}

void RunSession::begin_heartbeat() {
  open_targets();
  heartbeat_.begin(*outbox_);
}

/// None if the job has ended, as it may while secrets are read.
std::optional<Push> RunSession::push_of_running_job() const {
  if (supervisor_.outcome()) return std::nullopt;
  const auto now = std::chrono::system_clock::now();
  return push_of(report_running(supervisor_.started(), now, options_.report), now);
}

/// Pushes the run's own metrics with those that --count, --metric and the job added. True if every target has
/// them.
bool RunSession::push() {
  const Outcome& outcome = *supervisor_.outcome();
  console_.note(concat({job_words_, outcome.describe(),
                        outcome.timed_out ? "" : concat({" after ", format_duration(outcome.took)})}));
  const std::vector<Family> own = report(outcome, options_.report);
  std::vector<Family> known = own;
  if (options_.count) merge_into(known, count_families({}, options_.report.prefix));
  std::vector<Family> added = additions(std::move(known));
  if (!share_.empty()) make_counter();
  if (!options_.dry_run) return deliver(own, std::move(added));
  if (counter_) add_totals(added, counter_->preview(share_));
  write_message(concat({"# ", group_.to_string(), "\n", write_exposition(own), write_exposition(added)}));
  return true;
}

std::vector<Family> RunSession::additions(std::vector<Family> known) {
  std::vector<Family> added = options_.metrics;
  share_ = share_of_run();
  if (!file_) return added;
  const auto contents = file_->read();
  if (contents && contents->text.empty() && !contents->cut) return added;
  merge_into(known, options_.metrics);
  const bool to_gateway = std::ranges::any_of(target_urls(options_.delivery), [](const TargetUrl& url) {
    return url.kind == TargetUrl::Kind::pushgateway;
  });
  JobAdditions of_job = read_job_additions(
      contents, {known, *supervisor_.outcome(), group_, options_.report.prefix, to_gateway});
  for (const std::string& warning : of_job.metric_warnings)
    console_.warn(concat({job_words_, "its own metrics in PUSHMETRICS_FILE: ", warning}));
  for (const std::string& warning : of_job.step_warnings) console_.warn(concat({job_words_, warning}));
  merge_into(added, std::move(of_job.families));
  share_.added = std::move(of_job.counters);
  steps_ = std::move(of_job.steps);
  return added;
}

/// Without the counters of `pushmetrics add`.
RunTotals RunSession::share_of_run() const {
  const Outcome& outcome = *supervisor_.outcome();
  RunTotals share;
  if (options_.count)
    share.counts = counts_of(is_success(outcome, options_.report) ? RunEnd::success : RunEnd::failure);
  if (!options_.histogram.empty()) share.durations = observed_duration(options_.histogram, outcome.took);
  return share;
}

void RunSession::make_counter() {
  const auto spool = options_.delivery.spool();
  const std::string& prefix = options_.report.prefix;
  counter_.emplace(loop_, group_, prefix,
                   spool ? std::optional(CountFile(spool->directory(), group_, prefix)) : std::nullopt,
                   RunCounter::Listener{[this](const std::string& text) {
                                          console_.warn(concat({job_words_, text}));
                                        },
                                        [this](const std::string& text) {
                                          console_.note(concat({job_words_, text}));
                                        }});
}

/// Adds the totals, if they can be had in half of the budget. Until when the push may take: the rest of it.
EventLoop::Clock::time_point RunSession::count(std::vector<Family>& added) {
  const Duration budget = options_.delivery.policy.push_timeout;
  const auto began = EventLoop::Clock::now();
  add_totals(added, counter_->count(share_, supervisor_.started(), targets_, began + budget / 2));
  return std::max(began + budget, EventLoop::Clock::now() + budget / 2);
}

/// What this run sets, it sets, whatever earlier ones added to it.
void RunSession::add_totals(std::vector<Family>& added, const std::optional<RunTotals>& totals) const {
  if (!totals) return;
  const FamilyIndex known = index_families(added);
  for (Family& family : total_families(*totals, options_.report.prefix))
    if (!known.contains(family.name)) added.push_back(std::move(family));
}

Push RunSession::push_of(const std::vector<Family>& families,
                         std::chrono::system_clock::time_point when) const {
  return {group_, PushMode::add, write_exposition(families), when};
}

/// Not at once: often it is said twice, as by a shell whose terminal hangs up and then by the kernel, and the
/// second time must not cost the push that reports the first. Said again later, it is meant.
void RunSession::on_asked_to_end() {
  constexpr std::chrono::seconds grace(2);
  constexpr std::chrono::milliseconds said_twice(500);
  const auto now = EventLoop::Clock::now();
  if (last_call_ == EventLoop::no_timer) {
    first_call_ = now;
    last_call_ = loop_.call_at(now + grace, [this] { give_up(); });
  } else if (now - first_call_ > said_twice) {
    give_up();
  }
}

void RunSession::give_up() {
  given_up_ = true;
  if (counter_) counter_->hurry();
  if (outbox_) outbox_->give_up("interrupted by a signal");
}

bool RunSession::deliver(const std::vector<Family>& own, std::vector<Family> added) {
  supervisor_.when_asked_to_end([this] { on_asked_to_end(); });
  open_targets();
  if (recorder_.end_search())
    for (const Target& target : targets_) heartbeat_.mark_unanswered(target);
  heartbeat_.end(*outbox_);
  std::optional<EventLoop::Clock::time_point> deadline;
  if (counter_) {
    recorder_.add_end(push_of(joined(own, added), supervisor_.outcome()->ended), share_);
    recorder_.count_older();
    deadline = count(added);
  }

  const auto ended = supervisor_.outcome()->ended;
  std::size_t delivered = 0;
  RejectedPushes rejected;
  const auto on_result = [&](const PushResult& result) {
    report_push(result);
    if (result.status != PushResult::Status::delivered) return;
    if (!without_additions_.contains(result.target)) ++delivered;
    // Pushed once more, it is the last even if the target handles an earlier one only now.
    if (heartbeat_.forget_unanswered(*result.target))
      outbox_->send_to(
          *result.target, std::make_shared<const Push>(push_of(own, ended)), [](const PushResult&) {},
          deadline);
  };
  const Push whole = push_of(joined(own, added), ended);
  recorder_.add_end(whole);
  outbox_->send(
      whole,
      [&](const PushResult& result) {
        rejected.add(result, whole);
        const bool refused = result.status == PushResult::Status::discarded &&
                             result.delivery.last_attempt.kind == AttemptResult::Kind::rejected;
        if (added.empty() || !refused) return on_result(result);
        without_additions_.insert(result.target);
        // Whatever was wrong with what others added, the run's own metrics are not to be lost by it.
        const Failure failure = result.failure();
        console_.error(concat({job_words_, "the metrics added by the job, --metric, --count or --histogram: ",
                               failure.message}),
                       failure.hint);
        outbox_->send_to(*result.target, std::make_shared<const Push>(push_of(own, ended)), on_result,
                         deadline);
      },
      deadline);
  if (given_up_) give_up();  // while the runs were counted
  loop_.run_until([this] { return outbox_->idle(); });
  if (counter_) counter_->end_turn();
  rejected.explain(loop_, options_.delivery.policy.push_timeout, [this](const std::string& why) {
    console_.error(concat({job_words_, why}));
  });
  supervisor_.when_asked_to_end(nullptr);
  loop_.cancel(last_call_);
  return delivered == targets_.size();
}

void RunSession::report_push(const PushResult& result) {
  target_results_.push_back(
      {result.target->name, result.status, !without_additions_.contains(result.target)});
  const std::string how_it_ended = concat({job_words_, supervisor_.outcome()->describe()});
  const Failure failure = result.failure();
  switch (result.status) {
    case PushResult::Status::delivered:
      if (const std::string& warning = result.delivery.last_attempt.reason; !warning.empty())
        console_.warn(concat({job_words_, result.target->name, ": ", warning}));
      return console_.note(concat({job_words_, "pushed to ", result.target->name}));
    case PushResult::Status::spooled:
      return console_.warn(concat({how_it_ended, "; ", failure.message}), failure.hint);
    case PushResult::Status::discarded:
      return console_.error(concat({how_it_ended, "; ", failure.message}), failure.hint);
  }
}

}  // namespace

RunResult execute_run(RunOptions& options, const GroupingKey& group, std::vector<std::string> command,
                      const std::vector<std::string>& problems) {
  return RunSession(options, group, std::move(command)).execute(problems);
}

}  // namespace pushmetrics
