#pragma once

#include "delivery/target.hpp"
#include "doctor/check_report.hpp"
#include "support/duration.hpp"
#include "support/event_loop.hpp"

namespace pushmetrics {

/// Examines one target for `doctor`, without changing anything there. `budget` is for each request.
CheckReport check_target(const TargetUrl& url, const TargetContext& context, EventLoop& loop,
                         Duration budget);

}  // namespace pushmetrics
