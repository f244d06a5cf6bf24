#pragma once

#include "support/descriptor.hpp"

#include <string_view>

namespace pushmetrics {

/// Exit statuses of pushmetrics itself (pushmetrics(1), EXIT STATUS).
enum ExitStatus : int {
  exit_done = 0,
  exit_not_delivered = 1,
  exit_usage = 2,
  exit_invalid_input = 3,
  /// Under `run`, where the others are the job's.
  exit_run_usage = 125,
};

enum class Verbosity { quiet, normal, verbose };

/// Messages to the person, on standard error: `pushmetrics: MESSAGE`, and on a line of its own `hint: ...` where there is
/// something to do about it. Each is one write, so that messages of several processes do not mix. Failures to write
/// are not reported: there is nobody to report them to.
class Console {
 public:
  explicit Console(Verbosity verbosity) : verbosity_(verbosity) {}

  /// What failed, or is lost: always printed.
  void error(std::string_view message, std::string_view hint = {}) const;
  /// What went otherwise than asked for, but lost nothing: not with --quiet.
  void warn(std::string_view message, std::string_view hint = {}) const;
  /// What one may want to know: only with --verbose.
  void note(std::string_view message) const;

  Verbosity verbosity() const { return verbosity_; }

 private:
  Verbosity verbosity_;
};

}  // namespace pushmetrics
