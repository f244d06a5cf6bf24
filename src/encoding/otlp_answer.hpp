#pragma once

#include <string>
#include <string_view>

namespace pushmetrics {

/// What an ExportMetricsServiceResponse reports about an accepted request (status 200).
struct OtlpAnswer {
  long long rejected_points = 0;
  /// A warning if nothing was rejected.
  std::string message;
};

/// In protobuf or in JSON, as it looks: some servers answer in the one to the other. An empty response means success.
OtlpAnswer read_otlp_answer(std::string_view body);

/// The message of a google.rpc.Status, the body of an error, in protobuf or in JSON; empty if it has none.
std::string read_otlp_error(std::string_view body);

}  // namespace pushmetrics
