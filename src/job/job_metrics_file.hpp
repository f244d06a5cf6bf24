#pragma once

#include "support/result.hpp"

#include <optional>
#include <string>

namespace pushmetrics {

/// The file to which the job may append metrics, named to it by $PUSHMETRICS_FILE: new and empty, readable by
/// this user only (mode 0600), and removed with this object.
class JobMetricsFile {
 public:
  /// What of the file is read; more is cut off at the last whole line.
  static constexpr std::size_t size_limit = 1 << 20;

  /// In $XDG_RUNTIME_DIR, $TMPDIR, /tmp, /dev/shm or /run, whichever is the first that can be written to.
  static Result<JobMetricsFile> create();

  JobMetricsFile(JobMetricsFile&& other) noexcept;
  JobMetricsFile& operator=(JobMetricsFile&&) = delete;
  JobMetricsFile(const JobMetricsFile&) = delete;
  ~JobMetricsFile();

  const std::string& path() const { return path_; }

  struct Contents {
    std::string text;
    bool cut = false;
  };
  /// What is there now. An error if somebody put something else into the file's place.
  Result<Contents> read() const { return read(path_); }
  /// Reads, or removes, the file of another process that was killed.
  static Result<Contents> read(const std::string& path);
  static void remove(const std::string& path);

 private:
  explicit JobMetricsFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

/// Appends whole lines to the file that $PUSHMETRICS_FILE names, from the beginning of a line, in one write.
enum class AppendLock {
  none,  ///< does not wait: one short line is written at once by the kernel
  soon   ///< waits a moment for other writers, so that long lines do not mix on any file system
};
Result<void> append_to_job_metrics(const char* path, const std::string& lines, AppendLock lock);

}  // namespace pushmetrics
