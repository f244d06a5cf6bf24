#include "app/console.hpp"

#include "support/text.hpp"

#include <unistd.h>

#include <cerrno>

namespace pushmetrics {
namespace {

void say(std::string_view text) { write_all(STDERR_FILENO, concat({"pushmetrics: ", text, "\n"})); }

}  // namespace

void Console::error(std::string_view text) const { say(text); }

void Console::warn(std::string_view text) const {
  if (verbosity_ != Verbosity::quiet) say(text);
}

void Console::note(std::string_view text) const {
  if (verbosity_ == Verbosity::verbose) say(text);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace pushmetrics
