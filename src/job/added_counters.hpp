#pragma once

#include "metrics/family.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What `pushmetrics add` records in the job's metrics file: lines that are comments to whoever else reads the file, since
/// there the last value of a series wins.
std::string added_lines(const Family& counter);

struct AddedCounters {
  /// Counters; of each series, the sum of what was added.
  std::vector<Family> families;
  /// Lines that are none, which somebody else wrote.
  std::size_t invalid = 0;
};

AddedCounters read_added_counters(std::string_view text);

/// Why `value` cannot be added to a counter; empty: it can.
std::string_view added_value_problem(double value);

}  // namespace pushmetrics
