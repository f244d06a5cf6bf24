#include "delivery/spool_log.hpp"

#include "support/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
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

/// Nothing for a line that is none, such as one that a crash has cut.
std::optional<SpoolRecord> record_in(std::string_view line) {
  SpoolRecord record;
  if (!take(line, record.number, 10, ' ') || !take(line, record.group, 16, ' ')) return std::nullopt;
  record.has_failed = line.starts_with(failed);
  if (!record.has_failed && !take(line, record.bytes, 10, '\n')) return std::nullopt;
  return record;
}

constexpr std::size_t piece_size = std::size_t{1} << 18;

/// Reads on until the buffer is full or the file ends at `end`; false at the end.
bool read_piece(int file, std::string& buffer, std::size_t kept, off_t& position, off_t end) {
  buffer.resize(std::min(piece_size, kept + static_cast<std::size_t>(std::max<off_t>(end - position, 0))));
  std::size_t length = kept;
  while (length < buffer.size() && position < end) {
    const std::size_t wanted = std::min(buffer.size() - length, static_cast<std::size_t>(end - position));
    const ssize_t count = ::pread(file, buffer.data() + length, wanted, position);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    length += static_cast<std::size_t>(count);
    position += count;
  }
  buffer.resize(length);
  return length > kept;
}

/// Each line of a file from `position` on. Where it ends.
off_t for_each_line(int file, off_t position, const std::function<void(const SpoolRecord&)>& visit) {
  constexpr off_t limit = off_t{64} << 20;
  struct stat status {};
  if (::fstat(file, &status) != 0) return position;
  position = std::max(position, status.st_size - limit);
  std::string buffer;
  std::size_t kept = 0;
  while (read_piece(file, buffer, kept, position, status.st_size)) {
    std::string_view text = buffer;
    for (std::size_t end = 0; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
      if (const auto record = record_in(text.substr(0, end + 1))) visit(*record);
    if (text.size() == piece_size) text = {};  // a line of that length is none
    kept = text.size();
    buffer.erase(0, buffer.size() - kept);
  }
  return position;
}

std::vector<SpoolRecord> records_of(int file, off_t& position) {
  std::vector<SpoolRecord> records;
  std::unordered_set<std::uint64_t> failures;  // few
  position = for_each_line(file, position, [&](const SpoolRecord& record) {
    if (record.has_failed)
      failures.insert(record.number);
    else
      records.push_back(record);
  });
  if (failures.empty()) return records;
  for (SpoolRecord& record : records) record.has_failed = failures.contains(record.number);
  return records;
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

void SpoolLog::for_each(const std::function<void(const SpoolRecord&)>& visit) const {
  if (const Descriptor file = open_file(O_RDONLY)) for_each_line(file.get(), 0, visit);
}

std::vector<SpoolRecord> SpoolLog::read() const {
  const Descriptor file = open_file(O_RDONLY);
  off_t position = 0;
  return file ? records_of(file.get(), position) : std::vector<SpoolRecord>();
}

Descriptor SpoolLog::append(const SpoolRecord& record) const {
  Descriptor file = open_file(O_WRONLY | O_APPEND | O_CREAT);
  if (!file) return file;
  ::flock(file.get(), LOCK_SH | LOCK_NB);  // holds off rewrite(); without it, a line may be lost
  write_all(file.get(), line_of(record));
  return file;
}

std::vector<SpoolRecord> SpoolLog::rewrite(
    const std::function<std::vector<SpoolRecord>(std::vector<SpoolRecord>)>& change) const {
  const Descriptor file = open_file(O_RDWR);
  if (!file) return change({});
  const bool is_locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
  off_t position = 0;
  std::vector<SpoolRecord> records = change(records_of(file.get(), position));
  if (!is_locked) return records;
  // Whoever could not lock the file appends all the same, perhaps while `change` looks at a large directory.
  const std::vector<SpoolRecord> appended = records_of(file.get(), position);
  for (const SpoolRecord& record : appended)
    std::erase_if(records, [&](const SpoolRecord& other) { return other.number == record.number; });
  records.insert(records.end(), appended.begin(), appended.end());
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
