#include "watch/linger_file.hpp"

#include "support/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace pushmetrics {
namespace {

/// As it stands in the file. The clock is the same for all processes of one boot, and of none is longer asked for.
using Ticks = EventLoop::Clock::rep;

}  // namespace

Result<LingerFile> LingerFile::open(const Spool& spool) {
  if (const auto checked = spool.check_directory(); !checked) return checked.failure();
  const std::string path = concat({spool.directory(), "/linger"});
  constexpr int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  Descriptor file(::open(path.c_str(), flags, 0600));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    return Failure{concat({path, ": ", ::strerror(errno)}), {}, {}, errno};
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid())
    return Failure{concat({path, ": it is not a file of this user"})};
  return LingerFile(std::move(file));
}

bool LingerFile::try_lock() const {
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
  // What others asked of an earlier process is no concern of this one.
  static_cast<void>(::ftruncate(file_.get(), 0));
  return true;
}

void LingerFile::unlock() const { ::flock(file_.get(), LOCK_UN); }

void LingerFile::ask_for(Time deadline) const {
  const Ticks ticks = deadline.time_since_epoch().count();
  std::array<char, sizeof ticks> bytes;
  std::memcpy(bytes.data(), &ticks, sizeof ticks);
  write_all(file_.get(), {bytes.data(), bytes.size()});
}

LingerFile::Time LingerFile::latest_asked_for() const {
  Time latest = Time::min();
  Ticks ticks = 0;
  for (off_t at = 0; ::pread(file_.get(), &ticks, sizeof ticks, at) == static_cast<ssize_t>(sizeof ticks);
       at += static_cast<off_t>(sizeof ticks))
    latest = std::max(latest, Time(EventLoop::Clock::duration(ticks)));
  return latest;
}

}  // namespace pushmetrics
