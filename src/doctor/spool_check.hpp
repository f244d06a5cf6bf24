#pragma once

#include "delivery/spool.hpp"
#include "doctor/check_report.hpp"

#include <optional>

namespace pushmetrics {

/// Examines the spool for `doctor`: whether it can be written, what waits in it, and since when.
void check_spool(const std::optional<Spool>& spool, CheckReport& section);

/// Names the other spools that contain pushes, see find_other_spools().
void check_other_spools(const std::optional<Spool>& spool, CheckReport& section);

}  // namespace pushmetrics
