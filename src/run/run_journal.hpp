#pragma once

#include "delivery/spool.hpp"
#include "run/run_record.hpp"
#include "support/descriptor.hpp"
#include "support/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The records of the runs that go on, or whose pushmetrics was killed: `runs` in the directory of the spool, a file a
/// run. All access goes through one descriptor, as in SpoolFolder.
class RunJournal {
 public:
  /// An error with the number ENOENT: no run was ever recorded.
  static Result<RunJournal> open(const Spool& spool);
  /// Makes it if need be.
  static Result<RunJournal> create(const Spool& spool);

  const std::string& path() const { return path_; }

  /// The names of all records, the oldest run's first.
  Result<std::vector<RunRecordName>> names() const;

  /// Creates the record of a run, locked where the file system has locks. Neither waits nor syncs.
  Result<Descriptor> add(const RunRecordName& name, RunRecord record) const;
  /// Opens a record to read, append and lock. A record of another user's, or what is no file, is an error.
  Result<Descriptor> open_record(const std::string& name) const;
  /// Whether `file` still is the file of that name.
  bool is_there(const std::string& name, int file) const;
  /// False: it is not there any more, and errno says why.
  bool rename(const std::string& from, const std::string& to) const;
  bool remove(const std::string& name) const;

 private:
  RunJournal(std::string path, Descriptor directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  std::string path_;
  Descriptor directory_;
};

/// The record of the run that this process supervises. Destroyed without remove(), it stays, for others to report.
class OwnRunRecord {
 public:
  /// An error: the run cannot be recorded.
  static Result<OwnRunRecord> write(const Spool& spool, RunRecord record);

  const RunRecordName& name() const { return name_; }
  /// Has the kernel write it to the disk, without waiting for it.
  void begin_sync() const;
  /// Appends what is known once the run has ended (write_run_end() and others): from now on, its last push is what is
  /// delivered, even if this process is killed. What is too large for a record is left out.
  void append(const std::string& text) const;
  /// The run needs no record any more: every target has its last push, or it waits in the spool, or is reported lost.
  void remove() const;

 private:
  OwnRunRecord(std::string path, RunRecordName name, Descriptor file)
      : path_(std::move(path)), name_(std::move(name)), file_(std::move(file)) {}

  std::string path_;
  RunRecordName name_;
  /// The only descriptor, since the push may need every other.
  Descriptor file_;
};

/// No record is larger.
inline constexpr std::size_t max_run_record_bytes = std::size_t{1} << 21;

}  // namespace pushmetrics
