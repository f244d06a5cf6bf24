#include "delivery/rejected_pushes.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <memory>

namespace pushmetrics {

void RejectedPushes::add(const PushResult& result, const Push& push) {
  if (result.status == PushResult::Status::discarded && result.delivery.last_attempt.status == 400)
    rejected_.push_back({result.target, push, result.delivery.took});
}

void RejectedPushes::explain(EventLoop& loop, Duration push_timeout,
                             const std::function<void(const std::string&)>& report) {
  constexpr Duration patience = std::chrono::seconds(2);
  const auto now = EventLoop::Clock::now();
  std::size_t open = 0;
  std::vector<std::unique_ptr<Attempt>> inquiries;
  for (const Rejected& rejected : rejected_) {
    const Duration left = std::min(patience, push_timeout - rejected.took);
    if (left <= Duration::zero()) continue;
    ++open;
    auto inquiry = rejected.target->sink->explain_push_conflict(
        rejected.push, now + left, [&open, &report, &rejected](const std::string& why) {
          --open;
          if (!why.empty()) report(concat({rejected.target->name, " refuses it because ", why}));
        });
    if (!inquiry) --open;
    inquiries.push_back(std::move(inquiry));
  }
  loop.run_until([&] { return open == 0; });
  rejected_.clear();
}

}  // namespace pushmetrics
