#pragma once

#include "cli/console.hpp"
#include "groups/group_client.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <functional>
#include <string>
#include <vector>

namespace pushmetrics {

/// What `list` shows once: a text for standard output, and the errors of the targets that could not be listed.
struct ListedGroups {
  std::string text;
  std::vector<Failure> errors;
};

/// `list --watch`: shows what `list` returns, again an `interval` later, until SIGINT, SIGTERM or SIGHUP or until
/// nobody can read it any more. On a terminal each takes the place of the one before, unless `may_redraw` is false.
/// Returns the exit status.
int watch_groups(GroupClient& client, Duration interval, bool may_redraw,
                 const std::function<ListedGroups()>& list, const Console& console);

}  // namespace pushmetrics
