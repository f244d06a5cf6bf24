#pragma once

#include "support/descriptor.hpp"
#include "support/event_loop.hpp"

#include <csignal>
#include <functional>
#include <string>
#include <vector>

namespace pushmetrics {

/// The whole of a terminal, on standard output, while this lives: its alternate screen, so that what was there before
/// is there again afterwards. Calls `on_change` when the terminal has another size, or is back after Ctrl-Z.
class Screen {
 public:
  Screen(EventLoop& loop, std::function<void()> on_change);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Whether standard output is a terminal that can be drawn on.
  static bool is_possible();

  /// Shows as many of the lines as there is room for, in one write and without clearing the screen before: nothing
  /// flickers. What a line has beyond the right margin is not seen. If not all fit, the last row is `rest` with the
  /// number of those that do not. False if the terminal is gone.
  bool draw(const std::vector<std::string>& lines, const std::function<std::string(std::size_t)>& rest) const;

 private:
  static bool enter();
  static bool leave();
  void read_signals();
  void stop();

  EventLoop& loop_;
  std::function<void()> on_change_;
  sigset_t given_mask_{};
  Descriptor signals_;
};

}  // namespace pushmetrics
