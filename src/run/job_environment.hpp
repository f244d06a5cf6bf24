#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

class JobMetricsFile;

/// `NAME=VALUE`, each, as the job is to have them: this process' own, with $PUSHMETRICS_FILE, and without
/// pushmetrics' secrets, that is, $PUSHMETRICS_PASSWORD, $PUSHMETRICS_BEARER_TOKEN, and user and password in
/// the URLs. Without a `file`, it is /dev/null.
std::vector<std::string> job_environment(const JobMetricsFile* file);

}  // namespace pushmetrics
