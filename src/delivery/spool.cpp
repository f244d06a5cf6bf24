#include "delivery/spool.hpp"

#include "support/atomic_file.hpp"
#include "support/regular_file.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace pushmetrics {
namespace {

using Clock = std::chrono::system_clock;
using Item = Spool::Item;

/// FNV-1a, 64 bits: a folder's name has only to be short and different.
std::string hash_name(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

constexpr std::string_view entry_suffix = ".push";
constexpr std::string_view bad_suffix = ".bad";

/// The number in `00000000000000000042.push` or `.bad`; nothing for a foreign name.
std::optional<std::uint64_t> number_in(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  std::uint64_t number = 0;
  const auto end = std::from_chars(name.data(), name.data() + name.size(), number).ptr;
  return name.empty() || end != name.data() + name.size() ? std::nullopt : std::optional(number);
}

std::string entry_name(std::uint64_t number) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%020llu%s", static_cast<unsigned long long>(number),
                entry_suffix.data());
  return digits;
}

Descriptor open_lock(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
}

/// Temporary files of processes that did not live to rename them.
void remove_stale_temporaries(const std::string& folder) {
  for (const std::string& name : names_in(folder)) {
    const std::string path = concat({folder, "/", name});
    struct stat status {};
    if (!name.starts_with('.') || name.find(".tmp-") == std::string::npos ||
        ::lstat(path.c_str(), &status) != 0)
      continue;
    if (Clock::now() - Clock::from_time_t(status.st_mtime) > std::chrono::hours(1)) ::unlink(path.c_str());
  }
}

Result<std::string> read_own_file(const std::string& path) {
  const auto file = RegularFile::open(path, RegularFile::Links::refused);
  if (!file) return Failure{file.error()};
  if (file->owner() != ::geteuid()) return Failure{"it belongs to another user"};
  return file->read();
}

bool is_subset(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
  return std::ranges::all_of(
      part, [&](const std::string& name) { return std::ranges::find(whole, name) != whole.end(); });
}

std::string words_for(const SpoolEntry& entry) {
  return concat({"job '", printable(entry.push.group.job()), "': a push that waited for ", entry.target});
}

}  // namespace

std::string Spool::default_directory() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  // systemd separates several by colons.
  if (const std::string state = variable("STATE_DIRECTORY"); !state.empty())
    return state.substr(0, state.find(':'));
  if (const std::string xdg = variable("XDG_STATE_HOME"); xdg.starts_with('/')) return xdg + "/pushmetrics";
  if (const std::string home = variable("HOME"); home.starts_with('/') && home != "/")
    return home + "/.local/state/pushmetrics";
  return ::geteuid() == 0 ? "/var/lib/pushmetrics" : "";
}

std::string Spool::folder(const std::string& target) const {
  return concat({directory_, "/", hash_name(target)});
}

std::vector<Item> Spool::items_in(const std::string& folder) const {
  std::vector<Item> items;
  for (const std::string& name : names_in(folder)) {
    const auto number = number_in(name, entry_suffix);
    Item item{concat({folder, "/", name}), number.value_or(0), 0, {}};
    struct stat status {};
    if (!number || ::lstat(item.path.c_str(), &status) != 0) continue;
    item.bytes = static_cast<std::uint64_t>(status.st_size);
    item.written = Clock::from_time_t(status.st_mtime);
    items.push_back(std::move(item));
  }
  std::ranges::sort(items, {}, &Item::number);
  return items;
}

std::vector<Item> Spool::waiting(const std::string& target) const { return items_in(folder(target)); }

std::vector<std::string> Spool::targets() const {
  std::vector<std::string> targets;
  for (const std::string& name : names_in(directory_)) {
    for (const Item& item : items_in(concat({directory_, "/", name}))) {
      const auto text = read_own_file(item.path);
      const auto entry = text ? read_spool_entry(*text) : Failure{""};
      if (!entry) continue;
      targets.push_back(entry->target);
      break;
    }
  }
  return targets;
}

Result<void> Spool::store(const std::string& target, const Push& push, std::vector<std::string>& dropped) {
  if (directory_.empty()) return Failure{"there is no directory for it: give --spool DIR"};
  const std::string where = folder(target);
  if (const auto made = make_directories(where); !made) return Failure{made.error()};
  const Descriptor order = open_lock(where + "/order");
  if (!order) return Failure{concat({where, "/order: ", ::strerror(errno)})};
  const bool in_order = lock_soon(order.get());

  const auto now = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
  const SpoolEntry entry{target, push, family_names(push.body)};
  const std::string text = write_spool_entry(entry);
  if (text.size() > limits_.max_bytes) return Failure{"it is larger than --spool-max-bytes"};
  const std::vector<Item> older = items_in(where);
  // No number is ever used twice, or a deliverer that is done with the one would remove the other; so numbers
  // are the time, but ascend even if the clock was set back. Without the lock, the process makes the number
  // its own.
  std::uint64_t last = older.empty() ? 0 : older.back().number;
  for (const std::string& name : names_in(where))
    last = std::max(last, number_in(name, bad_suffix).value_or(0));
  const std::uint64_t number =
      std::max(last + 1, now) + (in_order ? 0 : static_cast<std::uint64_t>(::getpid()));
  if (const auto written = write_atomically(where, entry_name(number), text, 0600); !written)
    return Failure{written.error()};
  drop_replaced(older, entry);
  drop_old(target, dropped);
  drop_oldest(dropped);
  remove_stale_temporaries(where);
  return {};
}

/// Of the same group, a push that replaces the group replaces all that is older; one that adds replaces what
/// holds no other families.
void Spool::drop_replaced(const std::vector<Item>& older, const SpoolEntry& newer) const {
  for (const Item& item : older) {
    const auto text = read_own_file(item.path);
    const auto entry = text ? read_spool_entry(*text) : Failure{""};
    if (!entry || entry->push.group != newer.push.group) continue;
    const bool replaced = newer.push.mode == PushMode::replace ||
                          (entry->push.mode == PushMode::add && is_subset(entry->families, newer.families));
    if (replaced) remove(item);
  }
}

void Spool::drop_old(const std::string& target, std::vector<std::string>& dropped) const {
  for (const Item& item : waiting(target)) {
    if (Clock::now() - item.written <= limits_.max_age) continue;
    if (const auto entry = read(item, dropped))
      dropped.push_back(
          concat({words_for(*entry), " is lost: it is older than ", format_duration(limits_.max_age)}));
    remove(item);
  }
}

void Spool::drop_oldest(std::vector<std::string>& dropped) const {
  std::vector<Item> all;
  for (const std::string& name : names_in(directory_)) {
    std::vector<Item> items = items_in(concat({directory_, "/", name}));
    all.insert(all.end(), items.begin(), items.end());
  }
  std::uint64_t bytes = 0;
  for (const Item& item : all) bytes += item.bytes;
  std::ranges::stable_sort(all, {}, &Item::written);
  for (const Item& item : all) {
    if (bytes <= limits_.max_bytes) return;
    if (const auto entry = read(item, dropped))
      dropped.push_back(concat({words_for(*entry), " is lost: the spool is full (--spool-max-bytes)"}));
    remove(item);
    bytes -= item.bytes;
  }
}

std::optional<SpoolEntry> Spool::read(const Item& item, std::vector<std::string>& problems) const {
  const auto text = read_own_file(item.path);
  if (!text && ::access(item.path.c_str(), F_OK) != 0)
    return std::nullopt;  // delivered by somebody else meanwhile
  auto entry = text ? read_spool_entry(*text) : Failure{text.error()};
  if (entry) return std::move(*entry);
  std::string aside = item.path.substr(0, item.path.size() - entry_suffix.size());
  aside += bad_suffix;
  const bool moved = ::rename(item.path.c_str(), aside.c_str()) == 0;
  problems.push_back(concat({item.path, ": ", entry.error(), moved ? "; it is set aside as " : "; it stays",
                             moved ? std::string_view(aside) : std::string_view()}));
  return std::nullopt;
}

void Spool::remove(const Item& item) const { ::unlink(item.path.c_str()); }

std::optional<Descriptor> Spool::lock_for_delivery(const std::string& target) const {
  Descriptor file = open_lock(folder(target) + "/delivery");
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return file;
}

}  // namespace pushmetrics
