#pragma once

#include "doctor/check_report.hpp"

#include <string>

namespace pushmetrics {

/// Examines the directory of a `textfile:` target: whether it can be written, and whether node_exporter, as
/// another user, can read it.
void check_textfile(const std::string& directory, CheckReport& section);

}  // namespace pushmetrics
