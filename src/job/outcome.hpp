#pragma once

#include "support/duration.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace pushmetrics {

/// What the job and those of its descendants that were waited for used, as wait4(2) accounts it.
struct Resources {
  Duration user{};
  Duration system{};
  /// Of the largest single process.
  long long max_resident_bytes = 0;
};

/// How a job ended.
struct Outcome {
  enum class Ending { exited, killed, not_executable, not_found };

  Ending ending = Ending::exited;
  /// The exit code for `exited`, the signal's number for `killed`, errno of the exec otherwise.
  int number = 0;
  bool timed_out = false;
  std::chrono::system_clock::time_point started;
  std::chrono::system_clock::time_point ended;
  /// On the monotonic clock, from the spawn to the exit.
  Duration took{};
  Resources resources;
  /// In the job's cgroup during the run; nothing: it cannot be read.
  std::optional<long long> oom_kills = std::nullopt;

  /// As a shell has it in `$?`: the exit code, 128+n for signal n, 126 cannot be executed, 127 not found; as of
  /// timeout(1), 124 for a time-out, however the job ended.
  int status() const;
  /// `exited 3`, `was killed by SIGKILL`, `was not found`, `timed out after 5s`: completes "the job ...".
  std::string describe() const;
};

/// `SIGTERM` for 15; the number where there is no name.
std::string signal_name(int signal);

}  // namespace pushmetrics
