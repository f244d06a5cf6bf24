#include "watch/spool_events.hpp"

#include "support/regular_file.hpp"
#include "support/text.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pushmetrics {
namespace {

constexpr unsigned awaited_events =
    IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr unsigned end_events = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

SpoolEvents::SpoolEvents(EventLoop& loop, std::string directory, std::function<void()> on_change)
    : loop_(loop),
      directory_(std::move(directory)),
      on_change_(std::move(on_change)),
      events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  while (directory_.size() > 1 && directory_.ends_with('/')) directory_.pop_back();
  if (!events_) {
    problem_ = concat({"inotify: ", ::strerror(errno)});
    return;
  }
  loop_.watch(events_.get(), POLLIN, [this](short) { read(); });
}

SpoolEvents::~SpoolEvents() {
  if (events_) loop_.unwatch(events_.get());
}

void SpoolEvents::refresh() {
  if (!events_) return;
  problem_.clear();
  awaited_.clear();
  const std::map<int, std::string> before = std::exchange(watches_, {});
  add(directory_);
  if (watches_.empty()) add_nearest_above();
  if (awaited_.empty())
    if (const auto names = list_directory(directory_); names)
      for (const std::string& name : *names)
        if (name.size() == 16 || name == "runs") add(concat({directory_, "/", name}));
  for (const auto& [watch, path] : before)
    if (!watches_.contains(watch)) ::inotify_rm_watch(events_.get(), watch);
}

void SpoolEvents::add(const std::string& path) {
  const int watch = ::inotify_add_watch(events_.get(), path.c_str(), awaited_events);
  if (watch >= 0)
    watches_[watch] = path;
  else if (errno == ENOSPC || errno == ENOMEM)
    problem_ = concat({"inotify: ", ::strerror(errno)});
}

void SpoolEvents::add_nearest_above() {
  for (std::string path = directory_; watches_.empty() && path != "/" && path != ".";) {
    const std::string above = parent_of(path);
    awaited_ = path.substr(path.find_last_of('/') + 1);
    add(above);
    path = above;
  }
}

/// A file that is still being written, or is none of the spool's, is no reason to look.
bool SpoolEvents::matters(int watch, unsigned event, std::string_view name) const {
  if ((event & (IN_Q_OVERFLOW | end_events)) != 0) return true;
  const auto found = watches_.find(watch);
  if (found == watches_.end() || name.empty()) return false;
  if (!awaited_.empty()) return name == awaited_;
  if (found->second == directory_) return (event & IN_ISDIR) != 0;
  return !name.starts_with('.') && name != "order" && name != "delivery";
}

void SpoolEvents::read() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  bool is_news = false;
  while (true) {
    const ssize_t size = ::read(events_.get(), buffer.data(), buffer.size());
    if (size <= 0) break;
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      const char* const name = at + sizeof event;
      is_news = is_news || matters(event.wd, event.mask, event.len == 0 ? "" : name);
      at = name + event.len;
    }
  }
  if (is_news) on_change_();
}

}  // namespace pushmetrics
