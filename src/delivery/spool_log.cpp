#include "delivery/spool_log.hpp"

#include "support/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace pushmetrics {
namespace {

constexpr const char* log_name = "order";
constexpr std::string_view failed = "failed";

std::string line_of(const SpoolRecord& record) {
  char line[64];
  if (record.has_failed)
    std::snprintf(line, sizeof line, "%020llu %016llx failed\n",
                  static_cast<unsigned long long>(record.number),
                  static_cast<unsigned long long>(record.group));
  else
    std::snprintf(line, sizeof line, "%020llu %016llx %llu\n", static_cast<unsigned long long>(record.number),
                  static_cast<unsigned long long>(record.group),
                  static_cast<unsigned long long>(record.bytes));
  return line;
}

/// Takes a number and the character behind it off the text.
bool take(std::string_view& text, std::uint64_t& number, int base, char end) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, base);
  const auto length = static_cast<std::size_t>(parsed.ptr - text.data());
  if (parsed.ec != std::errc() || length == text.size() || text[length] != end) return false;
  text.remove_prefix(length + 1);
  return true;
}

/// Lines that are none, such as one that a crash has cut, are passed over.
std::vector<SpoolRecord> records_in(std::string_view text) {
  std::vector<SpoolRecord> records;
  std::unordered_map<std::uint64_t, std::size_t> failures;  // few
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    std::string_view line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    SpoolRecord record;
    if (!take(line, record.number, 10, ' ') || !take(line, record.group, 16, ' ')) continue;
    if (line.starts_with(failed))
      failures.emplace(record.number, 0);
    else if (take(line, record.bytes, 10, '\n'))
      records.push_back(record);
  }
  if (failures.empty()) return records;
  for (SpoolRecord& record : records) record.has_failed = failures.contains(record.number);
  return records;
}

std::string read_all(int file) {
  constexpr std::size_t limit = std::size_t{64} << 20;
  std::string text;
  struct stat status {};
  if (::fstat(file, &status) != 0) return text;
  const auto size = std::min(static_cast<std::size_t>(status.st_size), limit);
  while (text.size() < size) {
    const std::size_t length = text.size();
    text.resize(size);
    const ssize_t count = ::pread(file, text.data() + length, size - length, static_cast<off_t>(length));
    text.resize(length + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
  }
  return text;
}

}  // namespace

/// None, unless it is a file of our own: a FIFO would block, and another user's would lead astray.
Descriptor SpoolLog::open_file(int flags) const {
  constexpr int without_waiting = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  Descriptor file(::openat(directory_, log_name, flags | without_waiting, 0600));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid())
    return {};
  return file;
}

bool SpoolLog::exists() const { return static_cast<bool>(open_file(O_RDONLY)); }

std::vector<SpoolRecord> SpoolLog::read() const {
  const Descriptor file = open_file(O_RDONLY);
  return file ? records_in(read_all(file.get())) : std::vector<SpoolRecord>();
}

void SpoolLog::append(const SpoolRecord& record) const {
  const Descriptor file = open_file(O_WRONLY | O_APPEND | O_CREAT);
  if (!file) return;
  ::flock(file.get(), LOCK_SH | LOCK_NB);  // holds off rewrite(); without it, a line may be lost
  write_all(file.get(), line_of(record));
}

std::vector<SpoolRecord> SpoolLog::rewrite(
    const std::function<std::vector<SpoolRecord>(std::vector<SpoolRecord>)>& change) const {
  const Descriptor file = open_file(O_RDWR);
  if (!file) return change({});
  const bool is_locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
  std::vector<SpoolRecord> records = change(records_in(read_all(file.get())));
  if (!is_locked) return records;
  std::string text;
  for (const SpoolRecord& record : records) {
    SpoolRecord written = record;
    written.has_failed = false;
    text += line_of(written);
    if (record.has_failed) text += line_of(record);
  }
  if (::ftruncate(file.get(), 0) == 0 && ::lseek(file.get(), 0, SEEK_SET) == 0) write_all(file.get(), text);
  return records;
}

}  // namespace pushmetrics
