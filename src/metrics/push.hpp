#pragma once

#include "metrics/grouping_key.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace pushmetrics {

enum class PushMode {
  add,     ///< POST: families of the same name are replaced, others stay
  replace  ///< PUT: the whole group is replaced
};

/// What is to reach every target.
struct Push {
  GroupingKey group;
  PushMode mode = PushMode::add;
  /// Canonical exposition text (0.0.4), without the group's labels.
  std::string body;
  /// When the samples were taken, for targets that store a time.
  std::chrono::system_clock::time_point when;
};

/// A body can be large, so that what is under way to several targets, or waits, is shared.
using SharedPush = std::shared_ptr<const Push>;

}  // namespace pushmetrics
