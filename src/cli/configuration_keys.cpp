#include "cli/configuration_keys.hpp"

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
                                                       "expect-every",
                                                       "failures",
                                                       "from",
                                                       "grace",
                                                       "header",
                                                       "heartbeat",
                                                       "histogram",
                                                       "insecure",
                                                       "instance",
                                                       "instance-hostname",
                                                       "job",
                                                       "keep-newest",
                                                       "key",
                                                       "kill-after",
                                                       "label",
                                                       "linger",
                                                       "lint",
                                                       "lookback",
                                                       "max-age",
                                                       "max-silence",
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
                                                       "schedule",
                                                       "signal",
                                                       "source",
                                                       "spool",
                                                       "spool-max-age",
                                                       "spool-max-bytes",
                                                       "strict",
                                                       "strip-timestamps",
                                                       "success-codes",
                                                       "timeout",
                                                       "timezone",
                                                       "url",
                                                       "user",
                                                       "verbose"});

constexpr auto keys_for_one_call = std::to_array<std::string_view>(
    {"config", "discard", "dry-run", "format", "help", "help-text", "json", "match", "metric", "server",
     "shell", "sort", "target", "type", "until-empty", "watch", "yes"});

constexpr auto subcommands =
    std::to_array<std::string_view>({"run", "push", "check", "delete", "list", "prune", "wipe", "flush",
                                     "set", "add", "step", "doctor", "rules", "dashboard", "completion"});

}  // namespace

bool is_configuration_key(std::string_view name) { return std::ranges::binary_search(keys, name); }

bool is_for_one_call(std::string_view name) { return std::ranges::binary_search(keys_for_one_call, name); }

bool is_subcommand(std::string_view name) {
  return std::ranges::find(subcommands, name) != subcommands.end();
}

}  // namespace pushmetrics
