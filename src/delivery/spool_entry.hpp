#pragma once

#include "metrics/push.hpp"
#include "support/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// A push that waits for a target, as it stands in a file of the spool:
///
///     pushmetrics-spool 1
///     target http://gw:9091          without user and password
///     job backup                     percent-encoded, like the labels' values
///     label path %2Fsrv              none or more
///     mode add                       or replace
///     time 1795414380367718123       when the samples were taken: nanoseconds of Unix time
///     families job_duration_seconds job_success      or none
///     length 1234                    of the body, in bytes
///     crc32 89abcdef                 of all lines above and the body
///     (an empty line)
///     the body: exposition text
struct SpoolEntry {
  std::string target;
  Push push;
  /// The names of the families that the body holds.
  std::vector<std::string> families;
};

std::string write_spool_entry(const SpoolEntry& entry);

/// An error says what is wrong with the text: damaged, cut short, or of a later version.
Result<SpoolEntry> read_spool_entry(std::string_view text);

/// Whether the text begins as an entry does, of whatever version.
bool looks_like_spool_entry(std::string_view text);

/// The names of the families that have samples in a canonical body, in the order of their first mention.
std::vector<std::string> family_names(std::string_view body);

}  // namespace pushmetrics
