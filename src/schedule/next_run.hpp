#pragma once

#include "schedule/cron_schedule.hpp"
#include "support/result.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace pushmetrics {

/// How far a zone's clock is ahead of UTC at a point in time.
using ZoneOffset = std::function<std::chrono::seconds(std::chrono::sys_seconds)>;

/// The first time after `start` at which cron runs a job with this schedule. Nothing: it never does.
///
/// As in Vixie cron, of a change of the clock by less than three hours: what is skipped runs at once if its time
/// is fixed, and what is repeated does not run again then. Jobs with a `*` for minute or hour follow the clock.
std::optional<std::chrono::sys_seconds> first_run_after(const CronSchedule& schedule,
                                                        std::chrono::sys_seconds start,
                                                        const ZoneOffset& zone);

/// The same by the clock of a zone of the system's tzdata, or of this process if `zone` is empty. An error: the
/// zone is not known here. No other thread may run meanwhile (ZoneScope).
Result<std::optional<std::chrono::sys_seconds>> next_run(const CronSchedule& schedule,
                                                         const std::string& zone,
                                                         std::chrono::sys_seconds start);

}  // namespace pushmetrics
