#pragma once

#include "cli/console.hpp"
#include "cli/delivery_options.hpp"
#include "support/duration.hpp"

namespace pushmetrics {

/// `run --linger D`: has what is spooled delivered within D, although the run is over.
///
/// Leaves a process behind that has nothing of this one's: no descriptor, no terminal, no session, so that nobody who waits
/// for this one waits for it; what it has to say goes to the system log. There is one for a spool: where another run has
/// left one, that one gets D of time from now on. Where this process is the first of its PID namespace, as in a container,
/// nothing can outlive it: then it stays itself until D is over, nothing is spooled, or it is sent SIGTERM.
///
/// Returns at once where nothing is spooled. No more may be done after it than to end.
void linger(const DeliveryOptions& delivery, Duration time, const Console& console);

}  // namespace pushmetrics
