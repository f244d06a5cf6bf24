#pragma once

#include "job/cgroup.hpp"
#include "metrics/push.hpp"
#include "run/run_totals.hpp"
#include "support/process_identity.hpp"
#include "support/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The name of a record's file, which says what is to be known of it before it is read:
///
///     <start>-<series>-<pid>.<start of the process>.<PID namespace>.<boot id>.run
struct RunRecordName {
  /// When the run began: nanoseconds of Unix time.
  std::uint64_t start = 0;
  /// Runs that push the same series have the same hash: those of one group and one prefix.
  std::uint64_t series = 0;
  /// The run's pushmetrics, or a later one that took the record to report it.
  ProcessIdentity owner;

  static std::uint64_t series_of(const GroupingKey& group, std::string_view prefix);
  static std::optional<RunRecordName> parse(std::string_view name);
  std::string text() const;

  bool operator==(const RunRecordName&) const = default;
};

/// What is to be known of a run if its pushmetrics is killed, as it stands in a file:
///
///     pushmetrics-run 1
///     job backup                     percent-encoded, like the labels' values
///     label path %2Fsrv              none or more
///     prefix job_
///     start 1795414380367718123      nanoseconds of Unix time
///     boot 0d4c-...                  /proc/sys/kernel/random/boot_id
///     target http://gw:9091          one or more; without user and password
///     running                        if it is pushed that the job runs
///     counted                        with --count
///     metrics-file %2Ftmp%2F...      $PUSHMETRICS_FILE of the job
///     locked                         if its pushmetrics holds a lock (flock) on the file
///     oom-kills 25 4711 0 /sys/...   device and inode of the file, what it counted at the start, and its path
///     crc32 89abcdef                 of all lines above
///
/// and what was appended later:
///
///     newer                          a newer run of the group has ended
///     end 1795414385000000000 1234 89abcdef      the run's last push: its time, length and checksum
///     exposition text
///     share 1234 89abcdef                        what the run adds to the totals: length and checksum
///     exposition text
struct RunRecord {
  GroupingKey group;
  std::string prefix;
  std::chrono::system_clock::time_point start;
  std::string boot;
  std::vector<std::string> targets;
  bool is_running_pushed = false;
  bool is_counted = false;
  /// Empty: there is none.
  std::string metrics_file = {};
  bool is_locked = false;
  std::optional<OomKillCount> oom_kills = std::nullopt;

  bool has_newer = false;
  std::optional<Push> end = std::nullopt;
  std::optional<RunTotals> share = std::nullopt;
};

/// Without what is appended later.
std::string write_run_record(const RunRecord& record);
/// An error says what is wrong with the text: damaged, or of a later version. What was not appended whole is left out.
Result<RunRecord> read_run_record(std::string_view text);

/// What is appended.
inline constexpr std::string_view newer_run_mark = "newer\n";
std::string write_run_end(const Push& push);
std::string write_run_share(const RunTotals& share, std::string_view prefix);

/// Nanoseconds of Unix time.
std::uint64_t to_nanoseconds(std::chrono::system_clock::time_point time);

}  // namespace pushmetrics
