#include "delivery/other_spools.hpp"

#include "delivery/spool.hpp"
#include "support/regular_file.hpp"
#include "support/text.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace pushmetrics {
namespace {

using WallClock = std::chrono::system_clock;

struct User {
  std::string name;
  uid_t id = 0;
  std::string home;
};

/// Of the file alone: a directory service may be slow, or down.
std::vector<User> read_users() {
  constexpr std::size_t limit = std::size_t{16} << 20;
  std::vector<User> users;
  const auto file = RegularFile::open("/etc/passwd", RegularFile::Links::followed);
  const auto text = file ? file->read(limit) : Failure{file.error()};
  if (!text) return users;
  for (std::string_view line : split(*text, "\n")) {
    std::vector<std::string_view> fields;
    while (true) {
      const std::size_t colon = line.find(':');
      fields.push_back(line.substr(0, colon));
      if (colon == std::string_view::npos) break;
      line.remove_prefix(colon + 1);
    }
    constexpr std::size_t name = 0, id = 2, home = 5;
    if (fields.size() <= home) continue;
    User user{std::string(fields[name]), 0, std::string(fields[home])};
    const char* const end = fields[id].data() + fields[id].size();
    if (std::from_chars(fields[id].data(), end, user.id).ptr == end) users.push_back(std::move(user));
  }
  return users;
}

/// Directories in which units and users have a directory for each program.
std::vector<std::string> state_directories(const std::vector<User>& users) {
  std::set<std::string> homes;
  for (const User& user : users) homes.insert(user.home == "/" ? "" : user.home);
  for (const std::string& name : names_in("/home")) homes.insert(concat({"/home/", name}));
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string home = variable("HOME"); home.starts_with('/')) homes.insert(home);
  std::vector<std::string> directories{"/var/lib", "/var/lib/private"};
  if (std::string xdg = variable("XDG_STATE_HOME"); xdg.starts_with('/'))
    directories.push_back(std::move(xdg));
  for (const std::string& home : homes) directories.push_back(concat({home, "/.local/state"}));
  return directories;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

/// The directories in it that may be spools: those of this name, and those that say so.
std::vector<std::string> possible_spools(const std::string& state_directory) {
  std::vector<std::string> found;
  for (const std::string& name : names_in(state_directory)) {
    std::string path = concat({state_directory, "/", name});
    if (name == "pushmetrics" || exists(concat({path, "/", Spool::mark_name})))
      found.push_back(std::move(path));
  }
  return found;
}

/// Counts what waits, from the names of the entries.
void look_into(OtherSpool& spool) {
  std::uint64_t oldest = UINT64_MAX;
  for (const std::string& name : names_in(spool.directory)) {
    if (!Spool::is_folder_name(name)) continue;
    const auto folder =
        SpoolFolder::open(concat({spool.directory, "/", name}), SpoolFolder::Purpose::to_look);
    const auto numbers = folder ? folder->entries() : Failure{folder.error()};
    if (!numbers || numbers->empty()) continue;
    spool.count += numbers->size();
    oldest = std::min(oldest, numbers->front());
  }
  constexpr auto latest = static_cast<std::uint64_t>(INT64_MAX);
  const std::chrono::nanoseconds since(static_cast<std::int64_t>(std::min(oldest, latest)));
  spool.oldest = WallClock::time_point(std::chrono::duration_cast<WallClock::duration>(since));
}

std::string name_of(uid_t id, const std::vector<User>& users) {
  const auto user = std::ranges::find(users, id, &User::id);
  return user == users.end() ? std::to_string(id) : printable(user->name);
}

}  // namespace

std::string OtherSpool::describe() const {
  const Duration age = std::max(Duration(WallClock::now() - oldest), Duration::zero());
  return concat({std::to_string(count), count == 1 ? " push" : " pushes", " of user ", owner_name,
                 count == 1 ? " is" : " are", " spooled in ", printable(directory), ", the oldest for ",
                 format_duration(age)});
}

std::string OtherSpool::hint() const {
  const std::string flush = concat({"pushmetrics flush --spool ", shell_word(directory)});
  return owner == ::geteuid() ? concat({"run: ", flush}) : concat({"as user ", owner_name, ", run: ", flush});
}

std::vector<OtherSpool> find_other_spools(const std::string& known) {
  const std::vector<User> users = read_users();
  // One directory may be reached by several names.
  std::set<std::pair<dev_t, ino_t>> seen;
  struct stat status {};
  if (::stat(known.c_str(), &status) == 0) seen.insert({status.st_dev, status.st_ino});
  std::vector<OtherSpool> found;
  for (const std::string& state_directory : state_directories(users)) {
    for (std::string& path : possible_spools(state_directory)) {
      if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
      if (!seen.insert({status.st_dev, status.st_ino}).second) continue;
      OtherSpool spool{std::move(path), status.st_uid, name_of(status.st_uid, users), 0, {}};
      look_into(spool);
      if (spool.count > 0) found.push_back(std::move(spool));
    }
  }
  std::ranges::sort(found, {}, &OtherSpool::directory);
  return found;
}

}  // namespace pushmetrics
