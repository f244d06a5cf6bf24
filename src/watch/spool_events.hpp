#pragma once

#include "support/descriptor.hpp"
#include "support/event_loop.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Notices (inotify(7)) that something may have been added to a spool, or that its directory appears or goes away.
class SpoolEvents {
 public:
  /// `on_change` is called from the loop, which must outlive this: once for all that was noticed at a time.
  SpoolEvents(EventLoop& loop, std::string directory, std::function<void()> on_change);
  ~SpoolEvents();
  SpoolEvents(const SpoolEvents&) = delete;
  SpoolEvents& operator=(const SpoolEvents&) = delete;

  /// Looks at what is there now: the directory and its folders or, if it is missing, the nearest directory above it.
  /// To be called before the spool is read: nothing that is added later escapes.
  void refresh();

  /// Why nothing can be noticed, or not all; empty: everything is.
  const std::string& problem() const { return problem_; }

 private:
  void add(const std::string& path);
  void add_nearest_above();
  void read();
  bool matters(int watch, unsigned mask, std::string_view name) const;

  EventLoop& loop_;
  std::string directory_;
  std::function<void()> on_change_;
  Descriptor events_;
  std::string problem_;
  /// What is looked at, by the number of its watch.
  std::map<int, std::string> watches_;
  /// The name in it that leads to the directory; empty: the directory is there.
  std::string awaited_;
};

}  // namespace pushmetrics
