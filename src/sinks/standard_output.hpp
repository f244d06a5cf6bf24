#pragma once

#include "sinks/sink.hpp"

namespace pushmetrics {

/// Prints the exposition text after a comment that names the group.
class StandardOutput : public Sink {
 public:
  /// Standard error under `run`, where standard output is the job's.
  explicit StandardOutput(int descriptor) : descriptor_(descriptor) {}

  Capabilities capabilities() const override { return {true, false, false, false}; }
  std::unique_ptr<Attempt> attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                   Done done) override;

 private:
  int descriptor_;
};

}  // namespace pushmetrics
