#pragma once

#include "sinks/group_store.hpp"
#include "sinks/http_sink.hpp"

namespace pushmetrics {

/// The groups of a Pushgateway, from its API (PROTOCOL.md, "API").
class GatewayGroups : public GroupStore {
 public:
  explicit GatewayGroups(HttpEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  /// If the list lacks the bytes of a label (hazard 1), the gateway's gather errors are read to find them.
  std::unique_ptr<Attempt> list(GroupQuery query, EventLoop::Clock::time_point deadline,
                                OnListing done) override;
  std::unique_ptr<Attempt> remove(const GroupLabels& labels, EventLoop::Clock::time_point deadline,
                                  Done done) override;
  std::unique_ptr<Attempt> wipe(EventLoop::Clock::time_point deadline, Done done) override;

 private:
  HttpEndpoint endpoint_;
};

}  // namespace pushmetrics
