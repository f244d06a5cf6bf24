#pragma once

#include "cli/delivery_options.hpp"
#include "delivery/outbox.hpp"
#include "http/http.hpp"
#include "run/interrupted_runs.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pushmetrics {

/// Delivers reports of interrupted runs that wait in the spool, beside whatever else the loop does. Destroyed before it
/// is idle, it leaves the rest in the spool.
class InterruptedReports {
 public:
  /// Begins at once. `own` are the targets of this process, with their credentials; any other gets none.
  InterruptedReports(EventLoop& loop, const DeliveryOptions& delivery, const Spool& spool,
                     const std::vector<Target>& own, const std::vector<std::string>& names,
                     const Console& console);
  InterruptedReports(const InterruptedReports&) = delete;
  InterruptedReports& operator=(const InterruptedReports&) = delete;

  bool idle() const { return own_.idle() && (!others_ || others_->idle()); }
  /// Waits until it is, for a moment only.
  void wait(EventLoop& loop) const;

 private:
  std::optional<HttpClient> http_;
  std::vector<Target> other_targets_;
  Outbox own_;
  std::optional<Outbox> others_;
};

/// Reports interrupted runs after a process has done its own work, and delivers the reports for a moment.
void report_interrupted_runs_at_end(EventLoop& loop, const DeliveryOptions& delivery,
                                    const std::vector<Target>& own, const Console& console);

}  // namespace pushmetrics
