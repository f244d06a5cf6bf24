#include "cli/screen.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace pushmetrics {
namespace {

std::size_t screen_rows() {
  constexpr std::size_t usual = 24;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : usual;
}

}  // namespace

bool Screen::is_possible() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && terminal != nullptr && *terminal != '\0' &&
         std::string_view(terminal) != "dumb";
}

// The alternate screen, no cursor, and no new line at the right margin.
bool Screen::enter() { return write_all(STDOUT_FILENO, "\x1b[?1049h\x1b[?25l\x1b[?7l"); }
bool Screen::leave() { return write_all(STDOUT_FILENO, "\x1b[?7h\x1b[?25h\x1b[?1049l"); }

Screen::Screen(EventLoop& loop, std::function<void()> on_change)
    : loop_(loop), on_change_(std::move(on_change)) {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGWINCH);
  ::sigaddset(&awaited, SIGTSTP);
  signals_ = Descriptor(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
  ::sigprocmask(SIG_SETMASK, nullptr, &given_mask_);
  if (signals_) {
    ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
    loop_.watch(signals_.get(), POLLIN, [this](short) { read_signals(); });
  }
  enter();
}

Screen::~Screen() {
  if (signals_) loop_.unwatch(signals_.get());
  leave();
  ::sigprocmask(SIG_SETMASK, &given_mask_, nullptr);
}

void Screen::read_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    if (static_cast<int>(info.ssi_signo) == SIGTSTP) stop();
  on_change_();
}

/// Gives the terminal back, stops as any other program does, and takes it again when it goes on.
void Screen::stop() {
  leave();
  sigset_t stopping, blocked;
  ::sigemptyset(&stopping);
  ::sigaddset(&stopping, SIGTSTP);
  ::raise(SIGTSTP);  // pending until it is let through
  ::sigprocmask(SIG_UNBLOCK, &stopping, &blocked);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  enter();
}

bool Screen::draw(const std::vector<std::string>& lines,
                  const std::function<std::string(std::size_t)>& rest) const {
  const std::size_t rows = screen_rows();
  const std::size_t shown = lines.size() <= rows ? lines.size() : rows - 1;
  std::string text = "\x1b[H";
  for (std::size_t row = 0; row < shown; ++row)
    text.append(row == 0 ? "" : "\r\n").append(lines[row]).append("\x1b[K");
  if (shown < lines.size())
    text.append(shown == 0 ? "" : "\r\n").append(rest(lines.size() - shown)).append("\x1b[K");
  // Below a full screen there is nothing; from its last row, the row itself would be erased.
  if (lines.size() < rows) text += "\r\n\x1b[J";
  return write_all(STDOUT_FILENO, text);
}

}  // namespace pushmetrics
