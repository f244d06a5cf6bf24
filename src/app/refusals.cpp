#include "app/refusals.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <memory>

namespace pushmetrics {

void Refusals::add(const Dispatch& dispatch, const Push& push) {
  if (dispatch.fate == Dispatch::Fate::lost && dispatch.delivery.verdict.status == 400)
    refused_.push_back({dispatch.target, push, dispatch.delivery.took});
}

void Refusals::explain(EventLoop& loop, Duration push_timeout, const Console& console,
                       const std::string& job_words) {
  constexpr Duration patience = std::chrono::seconds(2);
  const auto now = EventLoop::Clock::now();
  std::size_t open = 0;
  std::vector<std::unique_ptr<Attempt>> inquiries;
  for (const Refused& refused : refused_) {
    const Duration left = std::min(patience, push_timeout - refused.took);
    if (left <= Duration::zero()) continue;
    ++open;
    auto inquiry = refused.target->sink->explain_refusal(
        refused.push, now + left, [&open, &console, &job_words, &refused](const std::string& why) {
          --open;
          if (!why.empty())
            console.error(concat({job_words, refused.target->name, " refuses it because ", why}));
        });
    if (!inquiry) --open;
    inquiries.push_back(std::move(inquiry));
  }
  loop.run_until([&] { return open == 0; });
  refused_.clear();
}

}  // namespace pushmetrics
