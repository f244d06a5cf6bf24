#include "watch/watched_target.hpp"

#include "delivery/retry_policy.hpp"
#include "support/memory.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <optional>
#include <utility>

namespace pushmetrics {

/// What one attempt to deliver all of it needs.
struct WatchedTarget::Round {
  HttpClient http;
  std::vector<Target> targets;
  std::optional<Outbox> outbox;
};

WatchedTarget::WatchedTarget(EventLoop& loop, DeliveryOptions options, Spool spool, Report report,
                             std::function<void()> done)
    : loop_(loop),
      options_(std::move(options)),
      spool_(std::move(spool)),
      report_(std::move(report)),
      done_(std::move(done)),
      random_(std::random_device{}()) {
  options_.policy.retries = 0;  // there are pauses between
  timer_ = loop_.call_at(EventLoop::Clock::now(), [this] { begin(); });
}

WatchedTarget::~WatchedTarget() { loop_.cancel(timer_); }

void WatchedTarget::begin() {
  timer_ = EventLoop::no_timer;
  round_.reset(new Round{HttpClient(loop_, options_.tls_setup()), {}, std::nullopt});
  std::vector<std::string> problems;
  round_->targets = make_targets(options_, round_->http, STDOUT_FILENO, problems);
  for (const std::string& problem : problems) warn(problem);
  round_->outbox.emplace(
      loop_, round_->targets, options_.policy, spool_,
      [this](SpoolNotice notice, const std::string& sentence) { on_notice(notice, sentence); });
  round_->outbox->flush(round_->targets.front(), [this](const Backlog::Result& result) {
    // From the loop: what calls is destroyed with the round.
    timer_ = loop_.call_at(EventLoop::Clock::now(), [this, result] { end(result); });
  });
}

void WatchedTarget::warn(const std::string& sentence) {
  constexpr std::size_t enough = 100;
  if (warned_.size() >= enough) warned_.clear();
  if (warned_.insert(sentence).second) report_(Importance::warn, sentence);
}

void WatchedTarget::on_notice(SpoolNotice notice, const std::string& sentence) {
  switch (notice) {
    case SpoolNotice::discarded: return report_(Importance::error, sentence);
    case SpoolNotice::problem:
    case SpoolNotice::warning: return warn(sentence);
    case SpoolNotice::stays: return report_(failures_ == 0 ? Importance::warn : Importance::note, sentence);
    case SpoolNotice::delivered: return report_(Importance::note, sentence);
  }
}

/// Without the time that it took: a failure that stays the same is said once.
std::string WatchedTarget::failure(const Backlog::Result& result) const {
  const std::string& name = options_.urls.front().name;
  if (result.unreachable) return concat({name, ": ", result.unreachable->last_attempt.reason});
  return result.problem.empty() ? "" : concat({name, ": ", result.problem});
}

void WatchedTarget::end(const Backlog::Result& result) {
  timer_ = EventLoop::no_timer;
  const std::string problem = failure(result);
  round_.reset();
  if (!problem.empty()) warn(concat({problem, is_ending_ ? "" : "; it is tried again until it works"}));
  if (result.waiting == 0 && problem.empty()) return finish();
  ++failures_;
  if (is_ending_) return finish();
  timer_ = loop_.call_at(EventLoop::Clock::now() + pause_after(failures_, random_), [this] { begin(); });
  loop_.call_before_wait(release_memory);
}

void WatchedTarget::finish() {
  const auto done = std::move(done_);
  done();  // which may destroy this
}

void WatchedTarget::end_soon() {
  is_ending_ = true;
  if (round_ || !done_) return;
  loop_.cancel(timer_);
  timer_ = loop_.call_at(EventLoop::Clock::now(), [this] { begin(); });
}

void WatchedTarget::end_now() {
  is_ending_ = true;
  if (round_) return round_->outbox->give_up("interrupted by a signal");
  if (!done_) return;
  loop_.cancel(timer_);
  timer_ = loop_.call_at(EventLoop::Clock::now(), [this] { finish(); });
}

}  // namespace pushmetrics
