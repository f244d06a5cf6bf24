#include "delivery/sink.hpp"

#include "delivery/group_store.hpp"

namespace pushmetrics {

Sink::~Sink() = default;

std::unique_ptr<Attempt> Sink::explain_refusal(const Push&, EventLoop::Clock::time_point, OnExplanation) {
  return nullptr;
}

std::unique_ptr<GroupStore> Sink::groups() { return nullptr; }

}  // namespace pushmetrics
