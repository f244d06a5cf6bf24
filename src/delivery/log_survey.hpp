#pragma once

#include "delivery/spool_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace pushmetrics {

/// What a folder holds beside a new entry, as its log says: what is needed to write that one, however many there are.
struct LogSurvey {
  /// How much is looked at of what may be of any length.
  static constexpr std::size_t most_of_group = 100, most_expired = 1000;

  /// The newest number that is a time.
  std::uint64_t last = 0;
  /// Numbers that the new entry's might meet, ascending.
  std::vector<std::uint64_t> taken = {};
  /// Those of its group that were written last.
  std::deque<std::uint64_t> of_group = {};
  /// Those that were the first to be older than a spool keeps.
  std::vector<std::uint64_t> expired = {};
  /// Of all.
  std::uint64_t bytes = 0;
};

/// For an entry of `group` that is to have the number `wanted`. What is numbered `oldest` or less has expired.
LogSurvey survey_log(const SpoolFolder& folder, std::uint64_t wanted, std::uint64_t group,
                     std::uint64_t oldest);

/// Where the entry stands among those that are there. A time yet to come is none of this clock's: it was set back, and
/// the order of writing is all that is known. The numbers of entries that are gone are not given again: a newer push
/// would come before an older one.
std::uint64_t number_for(std::uint64_t wanted, std::uint64_t now, const LogSurvey& survey);

}  // namespace pushmetrics
