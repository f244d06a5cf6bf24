#include "delivery/retry_loop.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace pushmetrics {

using Kind = AttemptResult::Kind;

RetryLoop::RetryLoop(EventLoop& loop, int retries, Clock::time_point deadline, Try attempt, Done done)
    : loop_(loop), retries_(retries), deadline_(deadline), try_(std::move(attempt)), done_(std::move(done)) {
  this->attempt();
}

void RetryLoop::attempt() {
  ++attempts_;
  ++tries_;
  attempt_ = try_(deadline_, rest_.push, [this](AttemptResult result) {
    // Not at once: whoever calls is about to be destroyed.
    ended_ = std::move(result);
    timer_ = loop_.call_at(Clock::now(), [this] { judge(); });
  });
}

/// The attempt has its push until it is destroyed.
void RetryLoop::end_attempt(bool is_over) {
  if (attempt_ == nullptr) return;
  Remainder rest = is_over ? Remainder() : attempt_->remainder();
  attempt_.reset();
  if (rest.push != nullptr) {
    rest_.push = std::move(rest.push);
    tries_ = 1;
  }
  if (rest_.rejected.empty()) rest_.rejected = std::move(rest.rejected);
}

void RetryLoop::judge() {
  AttemptResult result = std::move(*std::exchange(ended_, std::nullopt));
  end_attempt(!result.may_go_later());
  if (result.kind != Kind::retry || tries_ > retries_) return finish(std::move(result));
  std::mt19937 random{std::random_device{}()};  // only here: most attempts are not repeated
  const Duration wait = std::max(backoff(tries_, random), result.retry_after.value_or(Duration::zero()));
  const auto when = Clock::now() + wait;
  if (when >= deadline_) {
    if (result.retry_after == wait)
      result.reason += concat({"; it asks to be left alone for ", format_duration(wait)});
    return finish(std::move(result));
  }
  last_ = std::move(result);
  timer_ = loop_.call_at(when, [this] { attempt(); });
}

void RetryLoop::give_up(const std::string& why) {
  AttemptResult result = std::move(ended_ ? *ended_ : last_);
  end_attempt(ended_ && !result.may_go_later());
  if (ended_ && result.kind != Kind::retry) return finish(std::move(result));
  result.kind = Kind::retry;
  result.reason = result.reason.empty() ? why : concat({result.reason, "; ", why});
  finish(std::move(result));
}

void RetryLoop::finish(AttemptResult result) {
  loop_.cancel(timer_);
  if (!rest_.rejected.empty()) {
    const bool is_delivered = result.kind == Kind::delivered;
    result.reason = is_delivered || result.reason.empty() ? rest_.rejected
                                                          : concat({result.reason, "; ", rest_.rejected});
    if (is_delivered) result.kind = Kind::rejected;
  }
  const Done done = std::move(done_);
  done({std::move(result), attempts_, Clock::now() - began_,
        std::move(rest_.push)});  // which may destroy this
}

}  // namespace pushmetrics
