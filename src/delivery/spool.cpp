#include "delivery/spool.hpp"

#include "delivery/log_survey.hpp"
#include "delivery/superseded.hpp"
#include "support/atomic_file.hpp"
#include "support/name_hash.hpp"
#include "support/regular_file.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

using WallClock = std::chrono::system_clock;

std::string folder_name(std::string_view target) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(name_hash(target)));
  return digits;
}

std::uint64_t nanoseconds(WallClock::time_point time) {
  const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

std::string describe(const SpoolEntry& entry) {
  return concat({"job '", printable(entry.push.group.job()), "': a push that waited for ", entry.target});
}

/// Discarded entries, each in a sentence, up to a number.
class Discards {
 public:
  Discards(std::vector<std::string>& sentences, std::string reason)
      : sentences_(sentences), reason_(std::move(reason)) {}
  ~Discards() {
    if (count_ > limit)
      sentences_.push_back(
          concat({std::to_string(count_ - limit), " more pushes that waited were discarded: ", reason_}));
  }
  Discards(const Discards&) = delete;
  Discards& operator=(const Discards&) = delete;

  void add(const SpoolEntry& entry) {
    if (++count_ <= limit) sentences_.push_back(concat({describe(entry), " was discarded: ", reason_}));
  }

 private:
  static constexpr std::size_t limit = 20;
  std::vector<std::string>& sentences_;
  std::string reason_;
  std::size_t count_ = 0;
};

}  // namespace

bool Spool::is_folder_name(std::string_view name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string Spool::default_directory() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  // systemd separates several by colons.
  if (const std::string state = variable("STATE_DIRECTORY"); !state.empty())
    return state.substr(0, state.find(':'));
  if (const std::string xdg = variable("XDG_STATE_HOME"); xdg.starts_with('/')) return xdg + "/pushmetrics";
  // Not in a home: with sudo it is another user's, and cron, units and a root shell are to have the same one.
  if (::geteuid() == 0) return system_directory;
  if (const std::string home = variable("HOME"); home.starts_with('/') && home != "/")
    return home + "/.local/state/pushmetrics";
  return "";
}

std::uint64_t Spool::group_hash(const GroupingKey& group) {
  return std::max<std::uint64_t>(name_hash(group.url_path()), 1);
}

Result<void> Spool::check_directory() const {
  if (directory_.empty()) return Failure{"there is no directory for it: give --spool DIR"};
  if (::geteuid() != 0) return {};
  struct stat status {};
  for (std::size_t end = directory_.find('/', 1); true; end = directory_.find('/', end + 1)) {
    const std::string part = directory_.substr(0, end);
    if (::lstat(part.c_str(), &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != 0)
      return Failure{concat({part, ": it is a link of another user (", std::to_string(status.st_uid), ")"}),
                     {},
                     {},
                     EPERM};
    if (end == std::string::npos) break;
  }
  if (::stat(directory_.c_str(), &status) == 0 && status.st_uid != 0)
    return Failure{concat({directory_, ": it belongs to another user (", std::to_string(status.st_uid), ")"}),
                   {},
                   {},
                   EPERM};
  return {};
}

Result<SpoolFolder> Spool::open(const std::string& target) const {
  if (const auto checked = check_directory(); !checked) return checked.failure();
  return SpoolFolder::open(concat({directory_, "/", folder_name(target)}));
}

std::variant<StoredEntry, EntryError> Spool::read(const SpoolFolder& folder, std::uint64_t number) const {
  // What was spooled under a larger limit is still read.
  return folder.read(number, std::max(limits_.max_bytes, SpoolLimits().max_bytes));
}

Result<std::vector<SpoolFolder>> Spool::folders(std::vector<std::string>& problems) const {
  if (const auto checked = check_directory(); !checked) return checked.failure();
  const auto names = list_directory(directory_);
  if (!names) return Failure{concat({directory_, ": ", names.error()}), {}, {}, names.failure().error_number};
  std::vector<SpoolFolder> folders;
  for (const std::string& name : *names) {
    if (!is_folder_name(name)) continue;
    auto folder = SpoolFolder::open(concat({directory_, "/", name}));
    if (folder)
      folders.push_back(std::move(*folder));
    else
      problems.push_back(folder.error());
  }
  return folders;
}

Result<Spool::Waiting> Spool::look() const {
  Waiting waiting;
  const auto all = folders(waiting.problems);
  if (!all) return all.failure();
  for (const SpoolFolder& folder : *all) {
    const auto numbers = folder.entries();
    if (!numbers) waiting.problems.push_back(numbers.error());
    if (!numbers || numbers->empty()) continue;
    waiting.count += numbers->size();
    const auto read_entry = read(folder, numbers->front());
    if (const auto* stored = std::get_if<StoredEntry>(&read_entry))
      waiting.oldest = std::min(waiting.oldest.value_or(stored->written), stored->written);
  }
  return waiting;
}

Result<bool> Spool::has_entries() const {
  std::vector<std::string> problems;
  const auto all = folders(problems);
  if (!all && all.failure().error_number == ENOENT) return false;
  if (!all) return all.failure();
  for (const SpoolFolder& folder : *all)
    if (const auto found = folder.has_entries(); !found || *found) return found;
  if (!problems.empty()) return Failure{problems.front()};
  return false;
}

void Spool::set_mark() const {
  const Descriptor mark(::open(concat({directory_, "/", mark_name}).c_str(),
                               O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600));
}

/// First the mark and then the look: an entry comes before its mark, so that none is left without.
bool Spool::remove_mark() const {
  if (!check_directory()) return false;
  ::unlink(concat({directory_, "/", mark_name}).c_str());
  const auto found = has_entries();
  if (found && !*found) return true;
  set_mark();
  return false;
}

Result<Spool::Targets> Spool::find_targets() const {
  Targets targets;
  auto all = folders(targets.problems);
  if (!all) return all.failure();
  for (const SpoolFolder& folder : *all) {
    const auto numbers = folder.entries();
    if (!numbers) targets.problems.push_back(numbers.error());
    if (!numbers) continue;
    std::optional<std::string> problem;
    for (const std::uint64_t number : *numbers) {
      const auto read_entry = read(folder, number);
      if (const auto* stored = std::get_if<StoredEntry>(&read_entry)) {
        targets.names.push_back(stored->entry.target);
        problem.reset();
        break;
      }
      const auto& error = std::get<EntryError>(read_entry);
      if (error.kind == EntryError::Kind::damaged)
        targets.problems.push_back(set_aside(folder, number, error.reason));
      else if (error.kind != EntryError::Kind::gone && !problem)
        problem = concat({folder.path(), ": what waits there cannot be read: ", error.reason});
    }
    if (problem) targets.problems.push_back(std::move(*problem));
  }
  return targets;
}

Result<Spool::Stored> Spool::store(const std::string& target, const Push& push) const {
  if (const auto checked = check_directory(); !checked) return checked.failure();
  if (const auto made = make_directories(directory_); !made) return made.failure();
  const auto folder = SpoolFolder::create(concat({directory_, "/", folder_name(target)}));
  if (!folder) return folder.failure();
  const SpoolEntry entry{target, push, family_names(push.body)};
  const std::string text = write_spool_entry(entry);
  if (text.size() > limits_.max_bytes) return Failure{"it is larger than --spool-max-bytes"};

  if (!folder->log().exists()) folder->begin_log();
  const std::uint64_t now = nanoseconds(WallClock::now());
  const std::uint64_t when = nanoseconds(push.when);
  const std::uint64_t wanted = when == 0 || when > now ? now : when;
  const auto max_age = static_cast<std::uint64_t>(std::chrono::nanoseconds(limits_.max_age).count());
  const std::uint64_t group = group_hash(push.group);
  const LogSurvey found = survey_log(*folder, wanted, group, now > max_age ? now - max_age : 0);
  std::uint64_t number = number_for(wanted, now, found);
  std::vector<std::uint64_t> replaced;
  std::size_t gone = 0;
  for (const std::uint64_t other_number : found.of_group) {
    const auto read_entry = read(*folder, other_number);
    const auto* error = std::get_if<EntryError>(&read_entry);
    if (error != nullptr && error->kind == EntryError::Kind::gone) ++gone;
    const auto* other = std::get_if<StoredEntry>(&read_entry);
    if (other == nullptr || other->entry.push.group != push.group) continue;
    if (other_number > number && replaces(other->entry, entry)) return Stored{};
    if (other_number < number && replaces(entry, other->entry)) replaced.push_back(other_number);
  }
  // First the line, then the file: if this process is killed in between, a line without a file does no harm, but a file
  // without a line would be delivered after newer pushes of its group.
  const std::uint64_t intended = number;
  Descriptor log = folder->log().append({.number = number, .group = group, .bytes = text.size()});
  const auto added = folder->add(number, text);
  if (!added) return added.failure();
  if (number != intended)
    log = folder->log().append({.number = number, .group = group, .bytes = text.size()});
  log = {};
  set_mark();
  for (const std::uint64_t older : replaced) static_cast<void>(folder->remove(older));
  Stored stored{.is_synced = *added == SpoolFolder::Durability::synced};
  gone += discard_expired(*folder, found.expired, stored.discarded);
  // So that what is gone is not looked for ever again.
  if (gone > LogSurvey::most_of_group / 2) folder->compact_log();
  discard_excess(*folder, number, found.bytes + text.size(), stored.discarded);
  return stored;
}

/// Calls `visit` with each older entry of the push's group, the oldest first. An entry of a run that overlaps and ended
/// later is newer, unless its time is yet to come: then the clock was set back. How many there was no time for.
std::size_t Spool::for_older_of_group(
    const SpoolFolder& folder, const Push& push, Clock::time_point until,
    const std::function<void(std::uint64_t, const SpoolEntry&)>& visit) const {
  const std::uint64_t group = group_hash(push.group);
  std::vector<std::uint64_t> numbers;
  folder.log().for_each([&](const SpoolRecord& record) {
    if (record.group == group && !record.has_failed) numbers.push_back(record.number);
  });
  std::ranges::sort(numbers);
  for (auto number = numbers.begin(); number != numbers.end(); ++number) {
    if (Clock::now() >= until) return static_cast<std::size_t>(numbers.end() - number);
    const auto read_entry = read(folder, *number);
    const auto* stored = std::get_if<StoredEntry>(&read_entry);
    if (stored == nullptr || stored->entry.push.group != push.group) continue;
    const auto when = stored->entry.push.when;
    if (when <= push.when || when > WallClock::now()) visit(*number, stored->entry);
  }
  return 0;
}

std::vector<std::uint64_t> Spool::older_of_group(const SpoolFolder& folder, const std::string& target,
                                                 const Push& push, Clock::time_point until) const {
  std::vector<std::uint64_t> numbers;
  const SpoolEntry newer{target, push, family_names(push.body)};
  for_older_of_group(folder, push, until, [&](std::uint64_t number, const SpoolEntry& older) {
    if (!replaces(newer, older)) numbers.push_back(number);
  });
  return numbers;
}

std::vector<std::string> Spool::supersede(const SpoolFolder& folder, const std::string& target,
                                          const Push& push, Clock::time_point until) const {
  std::vector<std::string> problems;
  const SpoolEntry newer{target, push, family_names(push.body)};
  const auto left =
      for_older_of_group(folder, push, until, [&](std::uint64_t number, const SpoolEntry& older) {
        const auto rest = rest_of(older, newer);
        std::string problem;
        if (!rest) {
          if (const auto removed = folder.remove(number); !removed) problem = removed.error();
        } else if (rest->push.body != older.push.body) {
          if (const auto written = folder.replace(number, write_spool_entry(*rest)); !written)
            problem = written.error();
        }
        if (!problem.empty())
          problems.push_back(concat({describe(older), " may be delivered after a newer one: ", problem}));
      });
  if (left > 0)
    problems.push_back(concat({"job '", printable(push.group.job()), "': ", std::to_string(left),
                               " older pushes that wait for ", target,
                               " may be delivered after this one: there was no time to look at them"}));
  return problems;
}

/// A few at a time. How many are gone already.
std::size_t Spool::discard_expired(const SpoolFolder& folder, const std::vector<std::uint64_t>& numbers,
                                   std::vector<std::string>& discarded) const {
  constexpr int at_once = 100;
  Discards discards(discarded, concat({"it is older than ", format_duration(limits_.max_age)}));
  const auto oldest = WallClock::now() - std::chrono::duration_cast<WallClock::duration>(limits_.max_age);
  std::size_t gone = 0;
  int count = 0;
  for (const std::uint64_t number : numbers) {
    const auto written = folder.written(number);
    if (!written) ++gone;
    if (!written || *written > oldest) continue;
    const auto read_entry = read(folder, number);
    const auto* stored = std::get_if<StoredEntry>(&read_entry);
    if (stored == nullptr || stored->written > oldest || !folder.remove(number)) continue;
    discards.add(stored->entry);
    if (++count == at_once) break;
  }
  return gone;
}

/// The log says how much there may be; only if that is too much, the files are looked at. Then a little more room is
/// made than is needed, so that the next ones find it; and after a limit was lowered, a part of it each time.
void Spool::discard_excess(const SpoolFolder& written_to, std::uint64_t written, std::uint64_t bytes_there,
                           std::vector<std::string>& discarded) const {
  struct Candidate {
    const SpoolFolder* folder;
    SpoolRecord record;
  };
  std::vector<std::string> problems;
  const auto all = folders(problems);
  if (!all) return;
  for (const SpoolFolder& folder : *all) {
    if (folder.path() == written_to.path()) continue;
    if (!folder.log().exists()) folder.begin_log();
    folder.log().for_each([&](const SpoolRecord& record) { bytes_there += record.bytes; });
  }
  if (bytes_there <= limits_.max_bytes) return;
  std::vector<Candidate> candidates;
  std::uint64_t bytes = 0;
  for (const SpoolFolder& folder : *all)
    for (const SpoolRecord& record : folder.compact_log()) {
      bytes += record.bytes;
      candidates.push_back({&folder, record});
    }
  std::ranges::stable_sort(candidates, {},
                           [](const Candidate& candidate) { return candidate.record.number; });
  // What fills the spool alone was not spooled: it is no reason to discard what was.
  std::stable_partition(candidates.begin(), candidates.end(), [this](const Candidate& candidate) {
    return candidate.record.bytes > limits_.max_bytes;
  });
  const std::uint64_t enough = limits_.max_bytes - limits_.max_bytes / 128;
  Discards discards(discarded, "the spool is full (--spool-max-bytes)");
  constexpr int at_once = 1000;
  int count = 0;
  for (const auto& [folder, record] : candidates) {
    if (bytes <= enough || count++ == at_once) return;
    if (record.number == written && folder->path() == written_to.path()) continue;
    const auto read_entry = read(*folder, record.number);
    const auto* stored = std::get_if<StoredEntry>(&read_entry);
    if (stored != nullptr && folder->remove(record.number)) {
      discards.add(stored->entry);
      bytes -= record.bytes;
    }
    const auto* error = std::get_if<EntryError>(&read_entry);
    if (error != nullptr && error->kind == EntryError::Kind::damaged) {
      discarded.push_back(set_aside(*folder, record.number, error->reason));
      bytes -= record.bytes;
    }
  }
}

std::string Spool::set_aside(const SpoolFolder& folder, std::uint64_t number, const std::string& reason) {
  const auto moved = folder.set_aside(number);
  const std::string text = concat({folder.path(), "/", entry_name(number), ": ", reason});
  return moved ? concat({text, "; it is set aside as ", *moved})
               : concat({text, "; it cannot be set aside: ", moved.error()});
}

}  // namespace pushmetrics
