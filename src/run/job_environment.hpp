#pragma once

#include <string>
#include <vector>

namespace pushmetrics {

class JobMetricsFile;

/// `NAME=VALUE`, each, as the job is to have them: this process' own, with $PUSHMETRICS_FILE, and without
/// pushmetrics' secrets, that is, $PUSHMETRICS_PASSWORD, $PUSHMETRICS_BEARER_TOKEN, and user and password in
/// the URLs. Without a `file`, it is /dev/null.
std::vector<std::string> job_environment(const JobMetricsFile* file);

/// Erases in place what job_environment() leaves out: /proc/PID/environ shows the job what its parent was started with.
/// Nor may the job then read this process' memory, unless it is root's.
void erase_secrets_from_environment();

}  // namespace pushmetrics
