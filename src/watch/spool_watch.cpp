#include "watch/spool_watch.hpp"

#include "support/memory.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace pushmetrics {

using Clock = EventLoop::Clock;

namespace {

/// What others do on another machine (NFS) or to a directory further up is not noticed: for that, it is looked anyway.
constexpr std::chrono::minutes longest_rest(5);
/// Where nothing is noticed at all.
constexpr std::chrono::seconds rest_without_events(5);

}  // namespace

std::vector<TargetUrl> waiting_targets(std::vector<TargetUrl> configured,
                                       const std::vector<std::string>& waiting) {
  const auto is_idle = [&](const TargetUrl& url) {
    return std::ranges::find(waiting, url.name) == waiting.end();
  };
  std::vector<TargetUrl> urls = std::move(configured);
  std::erase_if(urls, is_idle);
  for (const std::string& name : waiting) {
    if (std::ranges::find(urls, name, &TargetUrl::name) != urls.end()) continue;
    auto url = parse_target_url(name);
    if (!url) continue;
    url->name = name;  // `otlp:` has another, once its environment makes sense
    url->is_configured = false;
    urls.push_back(std::move(*url));
  }
  return urls;
}

SpoolWatch::SpoolWatch(EventLoop& loop, const DeliveryOptions& options, Spool spool, Until until,
                       const Console& console)
    : loop_(loop),
      options_(options),
      spool_(std::move(spool)),
      until_(until),
      console_(console),
      events_(loop, spool_.directory(), [this] { look_soon(); }),
      last_look_(Clock::now()) {
  look_soon();
}

SpoolWatch::~SpoolWatch() {
  loop_.cancel(look_);
  loop_.cancel(last_call_);
}

/// A little later, for all that is added meanwhile; and no more than a tenth of the time is spent looking.
void SpoolWatch::look_soon() {
  constexpr std::chrono::milliseconds a_little(20);
  constexpr int share = 10;
  const auto when = std::max<Clock::time_point>(Clock::now() + a_little, last_look_ + share * look_took_);
  if (look_ != EventLoop::no_timer && next_look_ <= when) return;
  loop_.cancel(look_);
  next_look_ = when;
  look_ = loop_.call_at(when, [this] { look(); });
}

void SpoolWatch::look() {
  look_ = EventLoop::no_timer;
  if (is_done_) return;
  const auto began = Clock::now();
  events_.refresh();
  if (!events_.problem().empty())
    warn(concat({"spool ", spool_.directory(), ": ", events_.problem(), "; it is read every ",
                 format_duration(rest_without_events), " instead"}));
  const auto found = spool_.find_targets();
  const bool is_missing = !found && found.failure().error_number == ENOENT;
  if (!found && !is_missing) return fail(found.failure());
  std::vector<std::string> names;
  if (found) {
    for (const std::string& problem : found->problems) warn(problem);
    names = found->names;
  }
  for (const TargetUrl& url : waiting_targets(target_urls(options_), names)) begin(url);
  last_look_ = Clock::now();
  look_took_ = last_look_ - began;
  if (targets_.empty()) end_if_empty(is_missing || spool_.remove_mark());
  rest();
}

void SpoolWatch::begin(const TargetUrl& url) {
  if (targets_.contains(url.name)) return;
  DeliveryOptions of_target = options_;
  of_target.urls = {url};
  using Importance = WatchedTarget::Importance;
  const auto report = [this](Importance importance, const std::string& sentence) {
    if (importance == Importance::note) return console_.note(sentence);
    if (importance == Importance::warn) return console_.warn(sentence);
    result_ = Result::lost;
    console_.error(sentence);
  };
  targets_[url.name] = std::make_unique<WatchedTarget>(
      loop_, std::move(of_target), spool_, report,
      [this, name = url.name] { loop_.call_at(Clock::now(), [this, name] { end_target(name); }); });
  if (is_ending_) targets_[url.name]->end_soon();
}

void SpoolWatch::end_target(const std::string& name) {
  targets_.erase(name);
  if (!is_ending_) return look_soon();
  if (targets_.empty()) is_done_ = true;
}

void SpoolWatch::end_if_empty(bool is_empty) {
  is_done_ = is_ending_ || (is_empty && until_ == Until::empty);
  loop_.call_before_wait(release_memory);
}

/// Until it is noticed that something was added.
void SpoolWatch::rest() {
  const auto left_alone = events_.problem().empty() ? Duration(longest_rest) : Duration(rest_without_events);
  next_look_ = Clock::now() + left_alone;
  look_ = loop_.call_at(next_look_, [this] { look(); });
}

void SpoolWatch::fail(const Failure& failure) {
  const std::string sentence = concat({"the spool cannot be read: ", failure.message});
  if (is_ending_ || until_ == Until::empty) {
    console_.error(sentence, failure.hint);
    result_ = Result::failed;
    is_done_ = true;
    return;
  }
  warn(sentence);
  rest();
}

void SpoolWatch::warn(const std::string& sentence) {
  constexpr std::size_t enough = 100;
  if (warned_.size() >= enough) warned_.clear();
  if (warned_.insert(sentence).second) console_.warn(sentence);
}

void SpoolWatch::end() {
  if (is_ending_) {
    for (const auto& [name, target] : targets_) target->end_now();
    is_done_ = is_done_ || targets_.empty();
    return;
  }
  is_ending_ = true;
  for (const auto& [name, target] : targets_) target->end_soon();
  last_call_ = loop_.call_at(Clock::now() + options_.policy.push_timeout, [this] { end(); });
  loop_.cancel(look_);
  look_ = loop_.call_at(Clock::now(), [this] { look(); });
}

}  // namespace pushmetrics
