#include "support/file_text.hpp"

#include "support/descriptor.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace pushmetrics {
namespace {

/// Reading a mapped file that was truncated raises SIGBUS, which cannot be recovered from.
void end_for_cut_file(int) {
  write_all(STDERR_FILENO, "pushmetrics: an input file was cut short while it was read; nothing was sent\n");
  constexpr int invalid_input = 3;
  ::_exit(invalid_input);
}

std::string_view map(int fd, std::size_t size) {
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return {};
  ::madvise(address, size, MADV_SEQUENTIAL);
  ::signal(SIGBUS, end_for_cut_file);
  return {static_cast<const char*>(address), size};
}

}  // namespace

Result<FileText> FileText::read(const std::string& path, Form form) {
  constexpr off_t worth_mapping = 1 << 20;
  const bool standard_input = path == "-";
  const Descriptor opened(standard_input ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  const int fd = standard_input ? STDIN_FILENO : opened.get();
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) != 0) return Failure{::strerror(errno)};
  if (S_ISDIR(status.st_mode)) return Failure{"it is a directory"};

  FileText file;
  constexpr std::size_t piece = 1 << 16;
  if (S_ISREG(status.st_mode) && status.st_size >= worth_mapping && ::lseek(fd, 0, SEEK_CUR) == 0) {
    const auto size = static_cast<std::size_t>(status.st_size);
    if (form == Form::mapped) file.mapped_ = map(fd, size);
    if (!file.mapped_.empty()) return file;
    file.copied_.reserve(size + piece);
  }

  while (true) {
    const std::size_t length = file.copied_.size();
    if (file.copied_.capacity() - length < piece) file.copied_.reserve(2 * length + piece);
    file.copied_.resize(length + piece);
    const ssize_t count = ::read(fd, file.copied_.data() + length, piece);
    file.copied_.resize(length + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failure{::strerror(errno)};
    if (count == 0) return file;
  }
}

void FileText::drop_pages(std::string_view beginning) const {
  constexpr std::size_t page_mask = 0xFFFF;  // a multiple of every page size in use
  if (mapped_.data() != nullptr && beginning.data() == mapped_.data() && beginning.size() <= mapped_.size())
    ::madvise(const_cast<char*>(mapped_.data()), beginning.size() & ~page_mask, MADV_DONTNEED);
}

FileText::FileText(FileText&& other) noexcept
    : copied_(std::move(other.copied_)), mapped_(std::exchange(other.mapped_, {})) {}

FileText::~FileText() {
  if (mapped_.data() != nullptr) ::munmap(const_cast<char*>(mapped_.data()), mapped_.size());
}

}  // namespace pushmetrics
