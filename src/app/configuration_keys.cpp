#include "app/configuration_keys.hpp"

#include <algorithm>
#include <array>

namespace pushmetrics {
namespace {

// Held to the options by tests/integration/test_documented_options.py; to ask every subcommand for its own
// would take time before the job.
constexpr auto keys = std::to_array<std::string_view>({"allow-empty",
                                                       "allow-high-cardinality",
                                                       "bearer-token-file",
                                                       "cacert",
                                                       "cert",
                                                       "ci",
                                                       "connect-timeout",
                                                       "count",
                                                       "dry-run",
                                                       "expect-every",
                                                       "for",
                                                       "from",
                                                       "header",
                                                       "heartbeat",
                                                       "help-text",
                                                       "insecure",
                                                       "instance",
                                                       "instance-hostname",
                                                       "job",
                                                       "json",
                                                       "keep-newest",
                                                       "key",
                                                       "kill-after",
                                                       "label",
                                                       "lint",
                                                       "lookback",
                                                       "match",
                                                       "max-age",
                                                       "max-silence",
                                                       "metric",
                                                       "no-rusage",
                                                       "no-spool",
                                                       "notify-start",
                                                       "older-than",
                                                       "password-file",
                                                       "prefix",
                                                       "push-timeout",
                                                       "quiet",
                                                       "replace",
                                                       "require-push",
                                                       "retries",
                                                       "shell",
                                                       "signal",
                                                       "sort",
                                                       "spool",
                                                       "spool-max-age",
                                                       "spool-max-bytes",
                                                       "strict",
                                                       "strip-timestamps",
                                                       "success-codes",
                                                       "timeout",
                                                       "type",
                                                       "url",
                                                       "user",
                                                       "verbose",
                                                       "yes"});

constexpr auto subcommands =
    std::to_array<std::string_view>({"run", "push", "check", "delete", "list", "prune", "wipe", "flush",
                                     "set", "doctor", "rules", "dashboard"});

}  // namespace

bool is_configuration_key(std::string_view name) { return std::ranges::binary_search(keys, name); }

bool is_subcommand(std::string_view name) {
  return std::ranges::find(subcommands, name) != subcommands.end();
}

}  // namespace pushmetrics
