#include "sinks/sink.hpp"

#include "sinks/group_store.hpp"

namespace pushmetrics {

Sink::~Sink() = default;

std::unique_ptr<Attempt> Sink::explain_push_conflict(const Push&, EventLoop::Clock::time_point,
                                                     OnExplanation) {
  return nullptr;
}

std::unique_ptr<GroupStore> Sink::groups() { return nullptr; }

}  // namespace pushmetrics
