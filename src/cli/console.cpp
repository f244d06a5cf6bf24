#include "cli/console.hpp"

#include "support/text.hpp"

#include <unistd.h>

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

}  // namespace pushmetrics
