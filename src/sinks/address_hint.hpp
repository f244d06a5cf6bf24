#pragma once

#include "sinks/http_sink.hpp"

namespace pushmetrics {

/// Completes the result of an attempt with the URL that was probably meant. A push to a wrong address is never
/// rejected for good: it waits until somebody corrects the URL.
AttemptResult with_address_hint(AttemptResult result, const HttpEndpoint& endpoint,
                                const HttpResponse& response);

}  // namespace pushmetrics
