#pragma once

#include "sinks/batch_sink.hpp"

#include <span>
#include <utility>

namespace pushmetrics {

enum class RemoteWriteVersion { one, two };

/// Prometheus remote write (PROTOCOL.md, "Remote write"). 2.0 falls back to 1.0 if the server does not know it, as its
/// specification describes: on 415, or if an answer does not say what was written. It has series, no groups: nothing is
/// replaced, listed or deleted. A series that is not pushed again is visible for five minutes, then only to
/// functions over time (`last_over_time`).
class RemoteWrite : public BatchSink {
 public:
  RemoteWrite(HttpEndpoint endpoint, RemoteWriteVersion version)
      : BatchSink(std::move(endpoint)), version_(version) {}
  Capabilities capabilities() const override { return {}; }

 protected:
  SampleReader::Points points() const override { return SampleReader::Points::separate; }
  Result<HttpRequest> request(std::span<const Family> families, const Push& push) const override;
  /// Any 2xx is a success, as specified; explains why a sample was rejected as too old.
  AttemptResult judge(const HttpResponse& response) const override;
  bool adapt_to(const HttpResponse& response) override;

 private:
  RemoteWriteVersion version_;
};

}  // namespace pushmetrics
