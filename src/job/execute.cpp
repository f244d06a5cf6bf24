#include "job/execute.hpp"

#include "support/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace pushmetrics {
namespace {

char shell[] = "/bin/sh";

/// Whether the file's first line holds a NUL, as no script's does.
bool is_binary(const char* path) {
  char start[256];
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const ssize_t length = fd < 0 ? 0 : ::read(fd, start, sizeof start);
  if (fd >= 0) ::close(fd);
  for (ssize_t i = 0; i < length && start[i] != '\n'; ++i)
    if (start[i] == '\0') return true;
  return false;
}

/// Such as let the search in PATH go on (execvp(3)).
bool is_about_this_directory(int number) {
  return number == ENOENT || number == ENOTDIR || number == EACCES || number == ESTALE || number == ENODEV ||
         number == ETIMEDOUT || number == ENAMETOOLONG;
}

}  // namespace

Executable::Executable(char* const* arguments, char* const* environment)
    : arguments_(arguments), environment_(environment), search_path_(std::getenv("PATH")) {
  if (search_path_ == nullptr) search_path_ = "/bin:/usr/bin";
  shell_arguments_ = {shell, path_};
  for (char* const* argument = arguments + 1; *arguments != nullptr && *argument != nullptr; ++argument)
    shell_arguments_.push_back(*argument);
  shell_arguments_.push_back(nullptr);
}

int Executable::execute() {
  const char* const name = arguments_[0];
  if (*name == '\0') return ENOENT;
  if (std::strchr(name, '/') != nullptr) return set_path("", 0) ? execute_file() : ENAMETOOLONG;
  int problem = ENOENT;
  for (const char* directory = search_path_;; ++directory) {
    const char* const end = ::strchrnul(directory, ':');
    const int failure =
        set_path(directory, static_cast<std::size_t>(end - directory)) ? execute_file() : ENAMETOOLONG;
    if (!is_about_this_directory(failure)) return failure;
    if (failure == ENOENT && ::access(path_, F_OK) == 0) return failure;  // its interpreter is missing
    if (failure == EACCES) problem = EACCES;
    if (*end == '\0') return problem;
    directory = end;
  }
}

/// An empty directory is the current one.
bool Executable::set_path(const char* directory, std::size_t length) {
  const std::size_t name_length = std::strlen(arguments_[0]);
  if (length + name_length + 2 > sizeof path_) return false;
  std::memcpy(path_, directory, length);
  if (length > 0) path_[length++] = '/';
  std::memcpy(path_ + length, arguments_[0], name_length + 1);
  return true;
}

int Executable::execute_file() {
  ::execve(path_, arguments_, environment_);
  if (errno != ENOEXEC) return errno;
  if (is_binary(path_)) return ENOEXEC;
  ::execve(shell, shell_arguments_.data(), environment_);
  return errno;
}

std::string missing_interpreter(const std::string& path) {
  char start[256];
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  const ssize_t length = file ? ::read(file.get(), start, sizeof start) : 0;
  std::string_view line(start, length > 0 ? static_cast<std::size_t>(length) : 0);
  if (!line.starts_with("#!")) return {};
  line = line.substr(2, line.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  std::string interpreter(line.substr(0, line.find_first_of(" \t")));
  return !interpreter.empty() && ::access(interpreter.c_str(), F_OK) != 0 ? interpreter : std::string();
}

}  // namespace pushmetrics
