#include "job/job_metrics_file.hpp"

#include "support/descriptor.hpp"
#include "support/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace pushmetrics {

Result<JobMetricsFile> JobMetricsFile::create() {
  const std::array<const char*, 5> directories{::getenv("XDG_RUNTIME_DIR"), ::getenv("TMPDIR"), "/tmp",
                                               "/dev/shm", "/run"};
  for (const char* directory : directories) {
    // The job may have another working directory, so a relative name is of no use to it.
    if (directory == nullptr || directory[0] != '/') continue;
    std::string path = std::string(directory) + "/pushmetrics-XXXXXX";
    if (const Descriptor file(::mkostemp(path.data(), O_CLOEXEC)); file)
      return JobMetricsFile(std::move(path));
  }
  return Failure{"none of $XDG_RUNTIME_DIR, $TMPDIR, /tmp, /dev/shm and /run can be written to"};
}

JobMetricsFile::JobMetricsFile(JobMetricsFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

JobMetricsFile::~JobMetricsFile() {
  if (!path_.empty()) remove(path_);
}

void JobMetricsFile::remove(const std::string& path) { ::unlink(path.c_str()); }

Result<JobMetricsFile::Contents> JobMetricsFile::read(const std::string& path) {
  // The job may have replaced the file (mv), but nobody else's file, link or FIFO will do.
  const auto file = RegularFile::open(path, RegularFile::Links::refused);
  if (!file) return Failure{file.error()};
  if (file->owner() != ::geteuid() && file->owner() != 0) return Failure{"it belongs to another user"};
  auto text = file->read(size_limit + 1);
  if (!text) return Failure{text.error()};

  Contents contents{std::move(*text), file->size() > size_limit};
  if (contents.cut) contents.text.resize(contents.text.rfind('\n') + 1);
  return contents;
}

namespace {

/// Whether somebody has left a line open, with `printf`, say.
bool ends_in_mid_line(int fd) {
  struct stat status {};
  char last = '\n';
  return ::fstat(fd, &status) == 0 && status.st_size > 0 && ::pread(fd, &last, 1, status.st_size - 1) == 1 &&
         last != '\n';
}

}  // namespace

Result<void> append_to_job_metrics(const char* path, const std::string& lines, AppendLock lock) {
  const Descriptor file(::open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return Failure{::strerror(errno), {}, {}, errno};
  if (!S_ISREG(status.st_mode)) return Failure{"it is not a file"};
  if (lock == AppendLock::soon) lock_soon(file.get());
  if (!write_all(file.get(), ends_in_mid_line(file.get()) ? "\n" + lines : lines))
    return Failure{::strerror(errno)};
  return {};
}

}  // namespace pushmetrics
