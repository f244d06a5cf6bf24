#pragma once

#include "sinks/group_store.hpp"
#include "sinks/sink.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// The directory of node_exporter's textfile collector (PROTOCOL.md, "node_exporter textfile"): one file per
/// group, written atomically. A lock (flock(2)) on the directory serializes
/// writers, unless somebody holds it for long.
class Textfile : public Sink {
 public:
  /// `loop` must outlive it.
  Textfile(EventLoop& loop, std::string directory) : loop_(loop), directory_(std::move(directory)) {}

  Capabilities capabilities() const override { return {true, true, true, true}; }
  std::unique_ptr<Attempt> attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                   Done done) override;
  std::unique_ptr<GroupStore> groups() override;

 private:
  EventLoop& loop_;
  std::string directory_;
};

}  // namespace pushmetrics
