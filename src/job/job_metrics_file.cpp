#include "job/job_metrics_file.hpp"

#include "support/descriptor.hpp"
#include "support/regular_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
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
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<JobMetricsFile::Contents> JobMetricsFile::read() const {
  // The job may have replaced the file (mv), but nobody else's file, link or FIFO will do.
  const auto file = RegularFile::open(path_, RegularFile::Links::refused);
  if (!file) return Failure{file.error()};
  if (file->owner() != ::geteuid() && file->owner() != 0) return Failure{"it belongs to another user"};
  auto text = file->read(size_limit + 1);
  if (!text) return Failure{text.error()};

  Contents contents{std::move(*text), file->size() > size_limit};
  if (contents.cut) contents.text.resize(contents.text.rfind('\n') + 1);
  return contents;
}

}  // namespace pushmetrics
