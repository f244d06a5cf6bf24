#include "delivery/spool_folder.hpp"

#include "support/text.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <unordered_map>
#include <utility>

namespace pushmetrics {
namespace {

using WallClock = std::chrono::system_clock;

constexpr std::string_view entry_suffix = ".push";
constexpr const char* lock_name = "delivery";

Failure system_error(int number) { return {.message = ::strerror(number), .error_number = number}; }

Failure failure_at(std::string_view path, int number) {
  return {concat({path, ": ", ::strerror(number)}), {}, {}, number};
}

std::string file_name(std::uint64_t number, std::string_view suffix) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%020llu", static_cast<unsigned long long>(number));
  return concat({digits, suffix});
}

/// The number in `00000000000000000042.push`; nothing for a foreign name, nor for one under which it would not be
/// looked for.
std::optional<std::uint64_t> number_in(std::string_view name) {
  constexpr std::size_t digits = 20;
  if (name.size() != digits + entry_suffix.size() || !name.ends_with(entry_suffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + digits, number);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == name.data() + digits;
  return is_number ? std::optional(number) : std::nullopt;
}

/// Calls `visit` with each name in a directory until it returns false.
Result<void> for_each_name(int directory, const std::function<bool(const char*)>& visit) {
  struct Close {
    void operator()(DIR* opened) const { ::closedir(opened); }
  };
  // Not a duplicate of the descriptor, which would share its position.
  const int own = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, Close> opened(own < 0 ? nullptr : ::fdopendir(own));
  if (!opened) {
    const Failure error = system_error(errno);
    if (own >= 0) ::close(own);
    return error;
  }
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(opened.get());
    if (entry == nullptr) break;
    if (!visit(entry->d_name)) return {};
  }
  if (errno != 0) return system_error(errno);
  return {};
}

/// Up to `limit` bytes of a file, as far as they go on from what `text` holds.
bool read_more(int file, std::string& text, std::size_t limit) {
  while (text.size() < limit) {
    const std::size_t length = text.size();
    text.resize(limit);
    const ssize_t count = ::read(file, text.data() + length, limit - length);
    text.resize(length + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) break;
  }
  return true;
}

EntryError unreadable(int error) {
  const bool is_exhausted = error == EMFILE || error == ENFILE || error == ENOMEM;
  return {is_exhausted ? EntryError::Kind::exhausted : EntryError::Kind::unreadable, ::strerror(error)};
}

/// Beyond the first piece only what looks like an entry is read.
std::variant<std::string, EntryError> read_text(int file, std::size_t size) try {
  constexpr std::size_t first_piece = 1 << 16;
  std::string text;
  if (!read_more(file, text, std::min(size, first_piece))) return unreadable(errno);
  if (!looks_like_spool_entry(text))
    return EntryError{EntryError::Kind::damaged, "it is not a push that waits"};
  if (!read_more(file, text, size)) return unreadable(errno);
  return text;
} catch (const std::bad_alloc&) {
  return unreadable(ENOMEM);
}

EntryError foreign(uid_t owner) {
  return {EntryError::Kind::foreign, concat({"it belongs to another user (", std::to_string(owner), ")"})};
}

}  // namespace

bool is_time(std::uint64_t number) {
  return number < static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

std::string entry_name(std::uint64_t number) { return file_name(number, entry_suffix); }

Result<SpoolFolder> SpoolFolder::open(std::string path, Purpose purpose) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!directory || ::fstat(directory.get(), &status) != 0) {
    const int number = errno;
    return Failure{
        concat({path, ": ", number == ELOOP ? "it is a link" : ::strerror(number)}), {}, {}, number};
  }
  // Whoever owns a directory can put root's files in other places, and others' into root's hands.
  if (purpose == Purpose::to_deliver && ::geteuid() == 0 && status.st_uid != 0)
    return Failure{
        concat({path, ": it belongs to another user (", std::to_string(status.st_uid), ")"}), {}, {}, EPERM};
  return SpoolFolder(std::move(path), std::move(directory));
}

Result<SpoolFolder> SpoolFolder::create(std::string path) {
  // A umask may take away what the directory cannot do without.
  if (::mkdir(path.c_str(), 0700) == 0)
    ::chmod(path.c_str(), 0700);
  else if (errno != EEXIST)
    return failure_at(path, errno);
  return open(std::move(path));
}

Descriptor SpoolFolder::open_file(const char* name, int flags) const {
  constexpr int without_waiting = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  return Descriptor(::openat(directory_.get(), name, flags | without_waiting, 0600));
}

Result<bool> SpoolFolder::has_entries() const {
  bool found = false;
  const auto read = for_each_name(directory_.get(), [&](const char* name) {
    found = number_in(name).has_value();
    return !found;
  });
  if (!read) return Failure{concat({path_, ": ", read.error()}), {}, {}, read.failure().error_number};
  return found;
}

Result<std::vector<std::uint64_t>> SpoolFolder::entries() const {
  std::vector<std::uint64_t> numbers;
  const auto read = for_each_name(directory_.get(), [&](const char* name) {
    if (const auto number = number_in(name)) numbers.push_back(*number);
    return true;
  });
  if (!read) return Failure{concat({path_, ": ", read.error()}), {}, {}, read.failure().error_number};
  std::ranges::sort(numbers);
  return numbers;
}

std::vector<std::uint64_t> SpoolFolder::some_entries(std::size_t limit) const {
  std::vector<std::uint64_t> numbers;
  static_cast<void>(for_each_name(directory_.get(), [&](const char* name) {
    if (const auto number = number_in(name)) numbers.push_back(*number);
    return numbers.size() < limit;
  }));
  return numbers;
}

std::optional<WallClock::time_point> SpoolFolder::written(std::uint64_t number) const {
  struct stat status {};
  if (::fstatat(directory_.get(), entry_name(number).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return std::nullopt;
  return WallClock::from_time_t(status.st_mtime);
}

std::variant<StoredEntry, EntryError> SpoolFolder::read(std::uint64_t number, std::uint64_t limit) const {
  const std::string name = entry_name(number);
  const Descriptor file = open_file(name.c_str(), O_RDONLY);
  const int open_error = errno;
  struct stat status {};
  const int seen = file ? ::fstat(file.get(), &status)
                        : ::fstatat(directory_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
  if (seen != 0) return errno == ENOENT ? EntryError{EntryError::Kind::gone, {}} : unreadable(errno);
  if (status.st_uid != ::geteuid()) return foreign(status.st_uid);
  if (!S_ISREG(status.st_mode)) return EntryError{EntryError::Kind::damaged, "it is not a file"};
  if (!file) return unreadable(open_error);
  if (status.st_size == 0) return EntryError{EntryError::Kind::gone, {}};  // see remove()
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit) return EntryError{EntryError::Kind::damaged, "it is larger than what is spooled"};
  auto text = read_text(file.get(), static_cast<std::size_t>(size));
  if (auto* error = std::get_if<EntryError>(&text)) return std::move(*error);
  auto entry = read_spool_entry(std::get<std::string>(text));
  if (!entry) return EntryError{EntryError::Kind::damaged, entry.error()};
  return StoredEntry{std::move(*entry), WallClock::from_time_t(status.st_mtime)};
}

/// A temporary file, until it has another name: removed in any case, also without memory.
class SpoolFolder::Temporary {
 public:
  explicit Temporary(int directory) : directory_(directory) {}
  ~Temporary() {
    if (!name_.empty()) ::unlinkat(directory_, name_.c_str(), 0);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  void take(std::string name) { name_ = std::move(name); }
  const char* name() const { return name_.c_str(); }
  void release() { name_.clear(); }

 private:
  int directory_;
  std::string name_;
};

/// Gives `temporary` a file that holds all of `text`, on the disk.
Result<void> SpoolFolder::write_temporary(std::uint64_t number, std::string_view text,
                                          Temporary& temporary) const {
  constexpr int attempts = 100;  // process ids are not unique where containers share a spool
  for (int attempt = 0; attempt < attempts; ++attempt) {
    std::string name =
        concat({".", entry_name(number), ".tmp-", std::to_string(::getpid()), "-", std::to_string(attempt)});
    const Descriptor file = open_file(name.c_str(), O_WRONLY | O_CREAT | O_EXCL);
    if (!file && errno == EEXIST) continue;
    if (!file) return failure_at(path_, errno);
    temporary.take(std::move(name));
    if (::fchmod(file.get(), 0600) == 0 && write_all(file.get(), text) && ::fsync(file.get()) == 0) return {};
    return failure_at(concat({path_, "/", entry_name(number)}), errno);
  }
  return failure_at(path_, EEXIST);
}

SpoolFolder::Durability SpoolFolder::sync() const {
  // Some file systems cannot sync a directory, and need not (EINVAL).
  return ::fsync(directory_.get()) == 0 || errno == EINVAL ? Durability::synced : Durability::unsynced;
}

Result<SpoolFolder::Durability> SpoolFolder::add(std::uint64_t& number, std::string_view text) const {
  Temporary temporary(directory_.get());
  if (const auto written = write_temporary(number, text, temporary); !written) return written.failure();
  // A link does not replace what has the name already, as a renaming would.
  int result = 0;
  while ((result = ::linkat(directory_.get(), temporary.name(), directory_.get(), entry_name(number).c_str(),
                            0)) != 0 &&
         errno == EEXIST)
    ++number;
  // Some file systems have no links: there a name that is taken is avoided as well as can be.
  if (result != 0 && (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK)) {
    while (::faccessat(directory_.get(), entry_name(number).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
      ++number;
    result = ::renameat(directory_.get(), temporary.name(), directory_.get(), entry_name(number).c_str());
    if (result == 0) temporary.release();
  }
  if (result != 0) return failure_at(concat({path_, "/", entry_name(number)}), errno);
  return sync();
}

Result<SpoolFolder::Durability> SpoolFolder::replace(std::uint64_t number, std::string_view text) const {
  Temporary temporary(directory_.get());
  if (const auto written = write_temporary(number, text, temporary); !written) return written.failure();
  if (::renameat(directory_.get(), temporary.name(), directory_.get(), entry_name(number).c_str()) != 0)
    return failure_at(concat({path_, "/", entry_name(number)}), errno);
  temporary.release();
  return sync();
}

Result<void> SpoolFolder::remove(std::uint64_t number) const {
  const std::string name = entry_name(number);
  if (::unlinkat(directory_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  const Failure error = failure_at(concat({path_, "/", name}), errno);
  const Descriptor file = open_file(name.c_str(), O_WRONLY);
  struct stat status {};
  const bool is_own = file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                      status.st_uid == ::geteuid() && status.st_nlink == 1;
  if (is_own && ::ftruncate(file.get(), 0) == 0) return {};
  return error;
}

Result<std::string> SpoolFolder::set_aside(std::uint64_t number) const {
  const std::string name = file_name(number, ".bad");
  if (::renameat(directory_.get(), entry_name(number).c_str(), directory_.get(), name.c_str()) == 0)
    return concat({path_, "/", name});
  return system_error(errno);
}

FileLock SpoolFolder::lock_for_delivery() const {
  return FileLock::try_whole(open_file(lock_name, O_RDWR | O_CREAT));
}

FileLock SpoolFolder::lock_group(std::uint64_t group) const {
  return FileLock::try_place(open_file(lock_name, O_RDWR | O_CREAT), group);
}

std::uint64_t SpoolFolder::size_of(std::uint64_t number) const {
  struct stat status {};
  const bool seen =
      ::fstatat(directory_.get(), entry_name(number).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!seen || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) return 0;
  constexpr blkcnt_t block = 512;  // a sparse file takes less than it seems to
  return static_cast<std::uint64_t>(std::min<off_t>(status.st_size, status.st_blocks * block));
}

void SpoolFolder::begin_log() const {
  constexpr std::size_t all_there_are = std::numeric_limits<std::size_t>::max();
  constexpr std::size_t sample = 100;  // to ask for all sizes may take longer than a run has
  const auto numbers = some_entries(all_there_are);
  const std::size_t step = numbers.size() / sample + 1;
  SpoolRecord all;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (is_time(numbers[i])) all.number = std::max(all.number, numbers[i]);
    if (i % step == 0) all.bytes += size_of(numbers[i]) * step;
  }
  if (!numbers.empty()) log().append(all);
}

std::vector<SpoolRecord> SpoolFolder::compact_log() const {
  return log().rewrite([this](std::vector<SpoolRecord> old) {
    const auto numbers = entries();
    if (!numbers) return old;
    std::unordered_map<std::uint64_t, const SpoolRecord*> known;
    for (const SpoolRecord& record : old)
      if (record.group != 0) known[record.number] = &record;
    std::vector<SpoolRecord> records;
    for (const std::uint64_t number : *numbers) {
      const auto found = known.find(number);
      records.push_back(found != known.end() ? *found->second
                                             : SpoolRecord{.number = number, .bytes = size_of(number)});
    }
    return records;
  });
}

void SpoolFolder::remove_stale_temporaries() const {
  std::vector<std::string> stale;
  static_cast<void>(for_each_name(directory_.get(), [&](const char* text) {
    const std::string_view name = text;
    struct stat status {};
    if (name.starts_with('.') && name.find(".tmp-") != std::string_view::npos &&
        ::fstatat(directory_.get(), text, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        WallClock::now() - WallClock::from_time_t(status.st_mtime) > std::chrono::hours(1))
      stale.emplace_back(name);
    return true;
  }));
  for (const std::string& name : stale) ::unlinkat(directory_.get(), name.c_str(), 0);
}

}  // namespace pushmetrics
