#include "cli/console.hpp"
#include "commands/app.hpp"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <string_view>

namespace {

/// Before main(), libraries allocate memory, too. As little as that is missing where nothing would work.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view message = "pushmetrics: cannot start: there is not enough memory\n";
  static_cast<void>(!::write(STDERR_FILENO, message.data(), message.size()));
  std::_Exit(pushmetrics::exit_run_usage);
}

std::terminate_handler usual_end = nullptr;

/// Before the constructors of all objects.
__attribute__((constructor(101))) void begin() { usual_end = std::set_terminate(end_without_memory); }

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(usual_end);
  std::_Exit(pushmetrics::run_app(argc, argv));
}
