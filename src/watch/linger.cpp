#include "watch/linger.hpp"

#include "http/http.hpp"
#include "run/termination_signals.hpp"
#include "support/message_queue.hpp"
#include "support/text.hpp"
#include "watch/linger_file.hpp"
#include "watch/spool_watch.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace pushmetrics {
namespace {

using Clock = EventLoop::Clock;

/// Closes every descriptor but `kept`.
void close_others(int kept) {
  const auto close_range = [](unsigned first, unsigned last) {
    if (first > last) return;
    if (::close_range(first, last, 0) == 0) return;
    const long limit = std::min<long>(::sysconf(_SC_OPEN_MAX), static_cast<long>(last));
    for (long fd = first; fd <= limit; ++fd) ::close(static_cast<int>(fd));
  };
  close_range(0, static_cast<unsigned>(kept) - 1);
  close_range(static_cast<unsigned>(kept) + 1, ~0U);
}

/// Connects standard error to /dev/log, if there is one, which takes lines as they are.
void log_to_system() {
  const Descriptor log(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  constexpr std::string_view path = "/dev/log";
  path.copy(address.sun_path, path.size());
  if (log && ::connect(log.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    ::dup2(log.get(), STDERR_FILENO);
}

/// Whatever the caller has open is closed: somebody may wait for its end.
void replace_descriptors(int kept) {
  close_others(kept);
  if (::open("/dev/null", O_RDWR) != STDIN_FILENO) return;
  ::dup2(STDIN_FILENO, STDOUT_FILENO);
  ::dup2(STDIN_FILENO, STDERR_FILENO);
  log_to_system();
}

/// Somebody who looks for the job by its command line must not find it any more.
void rename_process() {
  char* const begin = program_invocation_name;
  std::string line;
  if (const Descriptor file(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC)); file) {
    char piece[4096];
    for (ssize_t count = 0; (count = ::read(file.get(), piece, sizeof piece)) > 0;)
      line.append(piece, static_cast<std::size_t>(count));
  }
  if (line.empty() || !line.starts_with(begin)) return;
  std::memset(begin, 0, line.size());
  constexpr std::string_view name = "pushmetrics: delivers what is spooled";
  name.copy(begin, std::min(name.size(), line.size() - 1));
}

/// A working directory keeps a file system from being unmounted; but paths may be relative to it.
void leave_directory(const DeliveryOptions& delivery) {
  const HttpOptions& http = delivery.http;
  for (const std::string& path :
       {delivery.spool_directory, delivery.password_file, delivery.bearer_token_file, http.ca_certificates,
        http.certificate, http.key})
    if (!path.empty() && !path.starts_with('/')) return;
  static_cast<void>(::chdir("/"));
}

/// False: a signal ended it. `deadline` is when it ended at the latest, later than given if others asked for it.
bool deliver_once(const DeliveryOptions& delivery, const Spool& spool, const LingerFile& file,
                  Clock::time_point deadline, const Console& console) {
  EventLoop loop;
  MessageQueue messages(loop);
  SpoolWatch watch(loop, delivery, spool, SpoolWatch::Until::empty, console);
  const TerminationSignals signals(loop, [&] { watch.end(); });
  EventLoop::TimerId timer = EventLoop::no_timer;
  const std::function<void()> end = [&] {
    const auto asked_for = file.latest_asked_for();
    timer = EventLoop::no_timer;
    if (asked_for <= Clock::now()) return watch.end();
    timer = loop.call_at(asked_for, end);
  };
  timer = loop.call_at(deadline, end);
  loop.run_until([&] { return watch.is_done(); });
  loop.cancel(timer);
  constexpr std::chrono::seconds patience(1);
  messages.drain(patience, [] { return false; });
  return signals.caught() == 0;
}

bool has_entries(const Spool& spool) {
  const auto found = spool.has_entries();
  return found && *found;
}

/// `file` is locked.
void deliver(const DeliveryOptions& delivery, const Spool& spool, const LingerFile& file,
             Clock::time_point deadline, const Console& console) {
  while (deliver_once(delivery, spool, file, deadline, console)) {
    file.unlock();
    // A run that still found it locked has left its push to this process.
    deadline = file.latest_asked_for();
    if (deadline <= Clock::now() || !has_entries(spool) || !file.try_lock()) return;
  }
}

/// What the process does that is left behind.
[[noreturn]] void outlive_caller(const DeliveryOptions& delivery, const Spool& spool, const LingerFile& file,
                                 Clock::time_point deadline) {
  ::setsid();
  replace_descriptors(file.descriptor());
  leave_directory(delivery);
  rename_process();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  try {
    deliver(delivery, spool, file, deadline, Console(Verbosity::normal));
  } catch (const std::exception& error) {
    write_all(STDERR_FILENO,
              concat({"pushmetrics: what is spooled is no longer delivered: ", error.what(), "\n"}));
  }
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace

void linger(const DeliveryOptions& delivery, Duration time, const Console& console) {
  const auto spool = delivery.spool();
  if (!spool || !has_entries(*spool)) return;
  const auto file = LingerFile::open(*spool);
  if (!file) return console.warn(concat({"--linger: what is spooled waits: ", file.error()}));
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
  if (!file->try_lock()) {
    file->ask_for(deadline);
    if (!file->try_lock())
      return console.note(concat(
          {"a process that an earlier run left delivers what is spooled, for ", format_duration(time)}));
  }
  if (::getpid() == 1) {
    deliver(delivery, *spool, *file, deadline, console);
    if (const auto waiting = spool->look(); waiting && waiting->count > 0)
      console.warn(concat({std::to_string(waiting->count), waiting->count == 1 ? " push is" : " pushes are",
                           " still spooled in ", spool->directory()}));
    return;
  }
  // A thread may be at it, which the new process would not have.
  static_cast<void>(HttpClient::library_version());
  const pid_t child = ::fork();
  if (child == 0) outlive_caller(delivery, *spool, *file, deadline);
  if (child < 0) return console.warn(concat({"--linger: what is spooled waits: ", ::strerror(errno)}));
  console.note(
      concat({"process ", std::to_string(child), " delivers what is spooled, for ", format_duration(time)}));
}

}  // namespace pushmetrics
