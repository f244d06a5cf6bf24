#pragma once

#include "encoding/sample_reader.hpp"
#include "sinks/http_sink.hpp"
#include "sinks/sink.hpp"
#include "support/result.hpp"

#include <span>
#include <string>
#include <utility>

namespace pushmetrics {

/// A sink of series that sends a large push in several requests, one after the other, each encoded when it is its turn.
/// An attempt ends with the first request that fails; the next one goes on with that request. One that is rejected for
/// good does not keep the others from being sent.
class BatchSink : public Sink {
 public:
  explicit BatchSink(HttpEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  std::unique_ptr<Attempt> attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                   Done done) override;

 protected:
  /// Which samples must not be torn apart.
  virtual SampleReader::Points points() const = 0;
  /// Why no request for these samples can be made; empty if it can.
  virtual std::string problem_of(SampleReader& samples) const;
  /// The request for a batch: perhaps an empty one, if the push is.
  virtual Result<HttpRequest> request(std::span<const Family> families, const Push& push) const = 0;
  /// What an answer means: by default what verdict_of() says.
  virtual AttemptResult judge(const HttpResponse& response) const;
  /// Whether the answer makes the sink encode requests in another way from now on, in which the same batch is to be sent
  /// again.
  virtual bool adapt_to(const HttpResponse& response);

  const std::string& base() const { return endpoint_.base; }

 private:
  class BatchAttempt;

  HttpEndpoint endpoint_;
};

}  // namespace pushmetrics
