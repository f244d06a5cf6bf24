#include "run/run_journal.hpp"

#include "support/atomic_file.hpp"
#include "support/file_lock.hpp"
#include "support/regular_file.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pushmetrics {
namespace {

Failure failure_at(std::string_view path, int number) {
  return {concat({path, ": ", ::strerror(number)}), {}, {}, number};
}

Failure foreign(std::string_view path, uid_t owner) {
  return {concat({path, ": it belongs to another user (", std::to_string(owner), ")"}), {}, {}, EPERM};
}

}  // namespace

Result<RunJournal> RunJournal::open(const Spool& spool) {
  if (const auto checked = spool.check_directory(); !checked) return checked.failure();
  std::string path = concat({spool.directory(), "/runs"});
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!directory || ::fstat(directory.get(), &status) != 0) return failure_at(path, errno);
  if (::geteuid() == 0 && status.st_uid != 0) return foreign(path, status.st_uid);
  return RunJournal(std::move(path), std::move(directory));
}

Result<RunJournal> RunJournal::create(const Spool& spool) {
  auto opened = open(spool);
  if (opened || opened.failure().error_number != ENOENT) return opened;
  if (const auto made = make_directories(concat({spool.directory(), "/runs"})); !made) return made.failure();
  return open(spool);
}

Result<std::vector<RunRecordName>> RunJournal::names() const {
  std::vector<RunRecordName> names;
  const auto found = list_directory(path_);
  if (!found) return failure_at(path_, found.failure().error_number);
  for (const std::string& name : *found)
    if (auto parsed = RunRecordName::parse(name)) names.push_back(std::move(*parsed));
  std::ranges::sort(names, {}, &RunRecordName::start);
  return names;
}

Result<Descriptor> RunJournal::add(const RunRecordName& name, RunRecord record) const {
  const std::string file_name = name.text();
  constexpr int flags = O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  Descriptor file(::openat(directory_.get(), file_name.c_str(), flags, 0600));
  if (!file) return failure_at(path_, errno);
  // Nobody else locks it as long as it is empty.
  record.is_locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
  ::fchmod(file.get(), 0600);  // a umask may have taken away what it cannot be read without
  if (write_all(file.get(), write_run_record(record))) return file;
  const Failure error = failure_at(concat({path_, "/", file_name}), errno);
  remove(file_name);
  return error;
}

Result<Descriptor> RunJournal::open_record(const std::string& name) const {
  constexpr int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  Descriptor file(::openat(directory_.get(), name.c_str(), flags));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return failure_at(concat({path_, "/", name}), errno);
  if (status.st_uid != ::geteuid()) return foreign(concat({path_, "/", name}), status.st_uid);
  if (!S_ISREG(status.st_mode)) return Failure{concat({path_, "/", name, ": it is not a file"})};
  return file;
}

bool RunJournal::is_there(const std::string& name, int file) const {
  struct stat opened {
  }, named{};
  return ::fstat(file, &opened) == 0 &&
         ::fstatat(directory_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

bool RunJournal::rename(const std::string& from, const std::string& to) const {
  return ::renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) == 0;
}

bool RunJournal::remove(const std::string& name) const {
  return ::unlinkat(directory_.get(), name.c_str(), 0) == 0;
}

Result<OwnRunRecord> OwnRunRecord::write(const Spool& spool, RunRecord record) {
  auto journal = RunJournal::create(spool);
  if (!journal) return journal.failure();
  ProcessIdentity owner = this_process();
  record.boot = owner.boot;
  RunRecordName name{to_nanoseconds(record.start), RunRecordName::series_of(record.group, record.prefix),
                     std::move(owner)};
  auto file = journal->add(name, std::move(record));
  if (!file) return file.failure();
  std::string path = concat({journal->path(), "/", name.text()});
  return OwnRunRecord(std::move(path), std::move(name), std::move(*file));
}

void OwnRunRecord::begin_sync() const { ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); }

void OwnRunRecord::append(const std::string& text) const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0 ||
      static_cast<std::size_t>(status.st_size) + text.size() > max_run_record_bytes)
    return;
  // What is not there whole is not read.
  if (!write_all(file_.get(), text)) static_cast<void>(::ftruncate(file_.get(), status.st_size));
}

void OwnRunRecord::remove() const { ::unlink(path_.c_str()); }

}  // namespace pushmetrics
