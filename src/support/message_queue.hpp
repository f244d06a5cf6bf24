#pragma once

#include "support/duration.hpp"
#include "support/event_loop.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace pushmetrics {

/// While one lives, messages to standard error never block: what its reader does not take at once is written by the
/// event loop as soon as it does. The descriptor is shared with the job, so its flags are neither trusted nor changed: a
/// pipe or a terminal is opened a second time, without blocking.
class MessageQueue {
 public:
  explicit MessageQueue(EventLoop& loop);
  ~MessageQueue();
  MessageQueue(const MessageQueue&) = delete;
  MessageQueue& operator=(const MessageQueue&) = delete;

  void write(std::string_view text);

  /// Waits until everything is written, or `stop` holds, or the reader has taken nothing for as long as `patience`.
  void drain(Duration patience, const std::function<bool()>& stop);

 private:
  enum class Kind { unknown, plain, socket, reopened, shared };

  void open();
  std::string_view write_now(std::string_view text);
  long write_piece(std::string_view text);
  void keep(std::string_view text);
  void write_pending();

  EventLoop& loop_;
  Kind kind_ = Kind::unknown;
  int descriptor_ = 2;
  bool broken_ = false;
  std::string pending_;
};

/// Writes a message to standard error: through the queue, if there is one; otherwise waits for whoever reads it.
/// Failures are not reported: there is nobody to report them to.
void write_message(std::string_view text);

}  // namespace pushmetrics
