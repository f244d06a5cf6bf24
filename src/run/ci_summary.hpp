#pragma once

#include "run/run_session.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// The run in Markdown: result, duration, exit code, resources, where it was pushed or waits, and its steps as table and
/// Gantt chart.
std::string ci_summary(const RunOptions& options, const std::string& job, const RunResult& result);

/// Appends to a file, from the beginning of a line; never waits. Why not, or nothing.
std::string append_to_summary(const std::string& path, std::string_view text);

}  // namespace pushmetrics
