#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace pushmetrics {

/// One process for all time: a process id alone is given again, and means nothing in another PID namespace.
struct ProcessIdentity {
  /// /proc/sys/kernel/random/boot_id; empty: not known.
  std::string boot;
  /// The inode of /proc/self/ns/pid; 0: not known.
  std::uint64_t pid_namespace = 0;
  pid_t pid = 0;
  /// Clock ticks after the boot (field 22 of /proc/PID/stat); 0: not known.
  std::uint64_t start = 0;

  bool operator==(const ProcessIdentity&) const = default;
};

/// The identity of this process.
ProcessIdentity this_process();

enum class ProcessState {
  alive,
  gone,
  unknown  ///< it is, or was, in a PID namespace that cannot be seen from here
};

/// What /proc says of a process, seen from `here`. A process of another boot is gone.
ProcessState state_of(const ProcessIdentity& process, const ProcessIdentity& here);

}  // namespace pushmetrics
