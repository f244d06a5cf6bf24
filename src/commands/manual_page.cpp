#include "commands/manual_page.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pushmetrics {
namespace {

/// Whether man finds the page; what it prints is of no interest.
bool has_manual_page(char* name) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int output : {STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0);
  char man[] = "man";
  char where[] = "-w";
  char* const arguments[] = {man, where, name, nullptr};
  pid_t pid = 0;
  const bool spawned = posix_spawnp(&pid, man, &actions, nullptr, arguments, environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  return spawned && waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace

void show_manual_page(const std::string& name) {
  std::string page = name;
  if (!isatty(STDOUT_FILENO) || !has_manual_page(page.data())) return;
  char man[] = "man";
  char* const arguments[] = {man, page.data(), nullptr};
  execvp(man, arguments);
}

}  // namespace pushmetrics
