#pragma once

#include "sinks/group_store.hpp"
#include "sinks/http_sink.hpp"

namespace pushmetrics {

/// The groups of a Pushgateway, by its API (PROTOCOL.md, "API").
class GatewayGroups : public GroupStore {
 public:
  explicit GatewayGroups(HttpEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  /// Where a list does not tell the bytes of a label (hazard 1), the gateway's complaint about it is asked
  /// for.
  std::unique_ptr<Attempt> list(const std::string& prefix, EventLoop::Clock::time_point deadline,
                                OnListing done) override;
  std::unique_ptr<Attempt> remove(const GroupLabels& labels, EventLoop::Clock::time_point deadline,
                                  Done done) override;
  std::unique_ptr<Attempt> wipe(EventLoop::Clock::time_point deadline, Done done) override;

 private:
  HttpEndpoint endpoint_;
};

}  // namespace pushmetrics
