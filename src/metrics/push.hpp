#pragma once

#include "metrics/grouping_key.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace pushmetrics {

enum class PushMode {
  add,     ///< POST: replace families of the same name, keep others
  replace  ///< PUT: replace the whole group
};

/// What every target gets.
struct Push {
  GroupingKey group;
  PushMode mode = PushMode::add;
  /// Canonical exposition text (0.0.4), without the group's labels.
  std::string body;
  /// When the samples were taken, for targets that store a time.
  std::chrono::system_clock::time_point when;
};

/// Shared between the targets and the spool, since a body can be large.
using SharedPush = std::shared_ptr<const Push>;

}  // namespace pushmetrics
