#pragma once

#include "delivery/spool.hpp"
#include "support/descriptor.hpp"
#include "support/event_loop.hpp"
#include "support/result.hpp"

#include <utility>

namespace pushmetrics {

/// The file `linger` in the directory of a spool, by which runs agree on the one process that delivers after them. That
/// process holds it locked; a run that finds it locked appends until when the process is to stay.
class LingerFile {
 public:
  using Time = EventLoop::Clock::time_point;

  static Result<LingerFile> open(const Spool& spool);

  /// True: this is the one process. Where nothing can be locked, there may be several, which harms nobody.
  bool try_lock() const;
  void unlock() const;

  /// Asks the process that holds the lock to stay until then.
  void ask_for(Time deadline) const;
  /// The latest of what was asked for since it was locked, or at all; the clock's first moment: nothing was.
  Time latest_asked_for() const;

  int descriptor() const { return file_.get(); }

 private:
  explicit LingerFile(Descriptor file) : file_(std::move(file)) {}

  Descriptor file_;
};

}  // namespace pushmetrics
