#pragma once

#include <climits>
#include <string>
#include <vector>

namespace pushmetrics {

/// A command that can be executed as a shell has it: sought in PATH, and a script without an interpreter line is run
/// by /bin/sh. Unlike execvp(3), a binary of another machine is not handed to the shell.
class Executable {
 public:
  /// `arguments` and `environment` end in a null pointer, and outlive this.
  Executable(char* const* arguments, char* const* environment);

  /// Replaces the process, or returns errno. Makes system calls only, for a child after vfork(2).
  int execute();

  /// The file that was executed last, or tried to be.
  const char* path() const { return path_; }

 private:
  int execute_file();
  bool set_path(const char* directory, std::size_t length);

  char* const* arguments_;
  char* const* environment_;
  const char* search_path_;
  std::vector<char*> shell_arguments_;
  char path_[PATH_MAX] = "";
};

/// The interpreter, named by the first line of the script at `path`, that is not there; empty if that is not what is wrong.
std::string missing_interpreter(const std::string& path);

}  // namespace pushmetrics
