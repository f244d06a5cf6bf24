#include "cli/console.hpp"

#include "support/message_queue.hpp"
#include "support/text.hpp"

namespace pushmetrics {
namespace {

void print(std::string_view message, std::string_view hint = {}) {
  std::string text = concat({"pushmetrics: ", message, "\n"});
  if (!hint.empty()) text.append("hint: ").append(hint).append("\n");
  write_message(text);
}

}  // namespace

void Console::error(std::string_view message, std::string_view hint) const { print(message, hint); }

void Console::warn(std::string_view message, std::string_view hint) const {
  if (verbosity_ != Verbosity::quiet) print(message, hint);
}

void Console::note(std::string_view message) const {
  if (verbosity_ == Verbosity::verbose) print(message);
}

}  // namespace pushmetrics
