#pragma once

#include "support/duration.hpp"

#include <chrono>
#include <cstddef>
#include <random>

namespace pushmetrics {

/// Time limits and retries of a push (pushmetrics(1), DELIVERY).
struct RetryPolicy {
  /// For one push to one target, retries and waits included.
  Duration push_timeout = std::chrono::seconds(10);
  int retries = 3;
  /// Added for each further MiB of a push that is larger than that: what slow receivers take for it. Nothing if the
  /// time limit was given.
  Duration per_further_mebibyte = std::chrono::seconds(1);

  /// For a push whose body has this size.
  Duration time_for(std::size_t bytes) const;
};

/// The wait before retry `number` (from 1): exponential backoff with full jitter, that is, anything from
/// nothing to 250 ms, then 500 ms, 1 s, ... up to 5 s, so that a hundred jobs that failed together do not
/// come back together.
Duration backoff(int number, std::mt19937& random);

/// How long somebody who stays, see SpoolWatch, leaves a target alone after `failures` in a row (from 1): 1 s, 2 s, 4 s,
/// ... up to 30 s, less up to a quarter of it.
Duration pause_after(int failures, std::mt19937& random);

}  // namespace pushmetrics
