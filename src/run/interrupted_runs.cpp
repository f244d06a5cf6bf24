#include "run/interrupted_runs.hpp"

#include "formats/exposition_parser.hpp"
#include "job/job_metrics.hpp"
#include "job/job_metrics_file.hpp"
#include "metrics/catalogue.hpp"
#include "metrics/exposition_writer.hpp"
#include "run/count_file.hpp"
#include "run/run_journal.hpp"
#include "run/run_report.hpp"
#include "sinks/textfile_contents.hpp"
#include "support/file_lock.hpp"
#include "support/regular_file.hpp"
#include "support/text.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>
#include <span>
#include <tuple>
#include <utility>
#include <variant>

namespace pushmetrics {
namespace {

using WallClock = std::chrono::system_clock;

/// A record that this process is the only one to handle.
struct ClaimedRecord {
  RunRecordName name;
  /// Held as long as it is handled: to others, it is as if the run went on.
  FileLock lock;
  RunRecord record;
  /// A newer run of the series is over.
  bool is_old = false;
};

enum class NotClaimed {
  goes_on,  ///< its run does, or another process handles it
  is_none   ///< it is not the record of a run, or not any more
};

/// The totals of this machine with a run of before, as they are to be pushed. Nothing: another process holds them locked.
Result<std::optional<RunTotals>> count_now(const CountFile& file, const RunTotals& share,
                                           std::uint64_t start) {
  const auto lock = file.try_lock(CountFile::Lock::file);
  if (!lock) return lock.failure();
  if (!*lock) return std::optional<RunTotals>();
  const auto read = file.read();
  KeptTotals kept = read && *read ? **read : KeptTotals{};
  add_once(kept, share, start, std::nullopt);
  if (const auto written = file.write(kept); !written) return written.failure();
  return std::optional(std::move(kept.known.all));
}

/// What an interrupted run added before, as far as its file is still there.
std::vector<Family> added_by(const RunRecord& record, std::span<const Family> own) {
  if (record.metrics_file.empty()) return {};
  const auto contents = JobMetricsFile::read(record.metrics_file);
  if (!contents) return {};
  return read_job_metrics(contents->text, {own, record.prefix, JobMetricsContext::Gateway::some,
                                           JobMetricsContext::Ending::killed})
      .added;
}

RunEnd end_of(const std::vector<Family>& families, std::string_view prefix) {
  const auto success = std::ranges::find(families, run_metric::success.full_name(prefix), &Family::name);
  const bool is_success =
      success != families.end() && !success->samples.empty() && success->samples.front().value == 1;
  return is_success ? RunEnd::success : RunEnd::failure;
}

/// What the run adds to the totals; `families` are those of its last push, or of its interruption.
RunTotals share_of(const RunRecord& record, const std::vector<Family>& families) {
  if (record.share) return *record.share;
  RunTotals share;
  if (record.is_counted)
    share.counts = counts_of(record.end ? end_of(families, record.prefix) : RunEnd::interrupted);
  if (!record.end) share.added = added_by(record, families);
  drop_group_labels(share, GroupLabels(record.group));
  return share;
}

class Search {
 public:
  Search(const Spool& spool, const Console& console, const std::optional<FindingRun>& finder,
         const RunJournal& journal)
      : spool_(spool),
        console_(console),
        finder_(finder),
        journal_(journal),
        here_(this_process()),
        now_(to_nanoseconds(WallClock::now())) {}

  InterruptedRuns run(std::vector<RunRecordName> names, std::optional<Duration> limit);

 private:
  bool is_finders_series(const RunRecordName& name) const {
    return finder_ && finder_->name.series == name.series;
  }
  std::pair<std::uint64_t, std::uint64_t> age_rank(const RunRecordName& name) const;
  bool is_older_than_finder(const RunRecordName& name) const {
    return is_finders_series(name) && age_rank(finder_->name) > age_rank(name);
  }
  void handle_series(std::span<const RunRecordName> names);
  std::variant<ClaimedRecord, NotClaimed> claim(const RunRecordName& name);
  std::variant<ClaimedRecord, NotClaimed> take(const RunRecordName& name, FileLock lock);
  bool is_owner_gone(const RunRecordName& name, const FileLock& lock, std::string_view text) const;
  void report(const ClaimedRecord& claimed);
  void set_aside(const std::string& name, const std::string& reason);
  NotClaimed remove_empty(const RunRecordName& name, std::time_t changed);
  void mark_as_old(const std::string& name);
  std::optional<Push> report_of(const RunRecord& record, bool is_of_finder);
  std::vector<Family> interruption(const RunRecord& record, bool is_of_finder) const;
  bool spool(const RunRecord& record, const Push& push);
  void note(const std::string& sentence) const { console_.note(sentence); }

  const Spool& spool_;
  const Console& console_;
  const std::optional<FindingRun>& finder_;
  const RunJournal& journal_;
  ProcessIdentity here_;
  std::uint64_t now_;
  InterruptedRuns result_;
};

std::string describe(const RunRecord& record) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(WallClock::now() - record.start);
  return concat({"job ", in_quotes(record.group.job()), ": the run that began ",
                 format_duration(std::max(Duration::zero(), Duration(seconds))), " ago"});
}

/// The greater, the later the run began. A time that is yet to come was before the clock was set back; unless the run is
/// the finder's, the latest that there can be.
std::pair<std::uint64_t, std::uint64_t> Search::age_rank(const RunRecordName& name) const {
  if (name.start <= now_) return {name.start, 0};
  return {finder_ && name == finder_->name ? now_ : 0, name.start};
}

/// Series by series, and of each the newest run first: what becomes of it decides on the older ones.
InterruptedRuns Search::run(std::vector<RunRecordName> names, std::optional<Duration> limit) {
  const auto began = std::chrono::steady_clock::now();
  const auto order = [this](const RunRecordName& name) {
    return std::tuple(is_finders_series(name), name.series, age_rank(name));
  };
  std::ranges::sort(names, std::greater(), order);
  for (auto first = names.begin(); first != names.end();) {
    if (first != names.begin() && limit && std::chrono::steady_clock::now() - began > *limit) {
      result_.is_incomplete = true;
      break;
    }
    const auto last = std::find_if(first, names.end(),
                                   [&](const RunRecordName& name) { return name.series != first->series; });
    handle_series({first, last});
    first = last;
  }
  std::ranges::sort(result_.targets);
  result_.targets.erase(std::unique(result_.targets.begin(), result_.targets.end()), result_.targets.end());
  return std::move(result_);
}

/// Reports the oldest first, so that the counts that the newest one's report brings are those of all.
void Search::handle_series(std::span<const RunRecordName> names) {
  std::vector<ClaimedRecord> claimed;
  bool is_over = false;
  for (const RunRecordName& name : names) {
    if (finder_ && name == finder_->name) {
      is_over = is_over || finder_->has_ended;
      continue;
    }
    auto record = claim(name);
    if (auto* own = std::get_if<ClaimedRecord>(&record)) {
      own->is_old = std::exchange(is_over, true);
      claimed.push_back(std::move(*own));
    } else if (std::get<NotClaimed>(record) == NotClaimed::goes_on) {
      const bool is_older = is_older_than_finder(name);
      result_.own.has_older = result_.own.has_older || is_older;
      if (!is_older) break;  // it handles those that came before it
    }
  }
  std::ranges::reverse(claimed);
  for (const ClaimedRecord& record : claimed) report(record);
}

/// Takes a record whose owner is gone, by its lock and by its name: where one of these holds no other process off, the
/// other does. Nothing: its run goes on, as far as can be known, or another process handles it.
std::variant<ClaimedRecord, NotClaimed> Search::claim(const RunRecordName& name) {
  const std::string old_name = name.text();
  const bool is_alive = name.owner != here_ && state_of(name.owner, here_) == ProcessState::alive;
  const bool to_be_marked = is_older_than_finder(name) && finder_->has_ended;
  if (is_alive && !to_be_marked) return NotClaimed::goes_on;
  auto file = journal_.open_record(old_name);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0) {
    if (!file && file.failure().error_number != ENOENT) note(concat({file.error(), "; skipped"}));
    return NotClaimed::is_none;
  }
  if (is_alive) {
    mark_as_old(old_name);
    return NotClaimed::goes_on;
  }
  if (status.st_size == 0) return remove_empty(name, status.st_mtime);
  if (static_cast<std::size_t>(status.st_size) > max_run_record_bytes) {
    set_aside(old_name, "it is larger than the record of a run");
    return NotClaimed::is_none;
  }
  FileLock lock = FileLock::try_whole(std::move(*file));
  if (lock.state == FileLock::State::busy) {
    if (to_be_marked) mark_as_old(old_name);
    return NotClaimed::goes_on;
  }
  return take(name, std::move(lock));
}

std::variant<ClaimedRecord, NotClaimed> Search::take(const RunRecordName& name, FileLock lock) {
  const std::string old_name = name.text();
  const std::string path = concat({journal_.path(), "/", old_name});
  const auto opened = RegularFile::open(path, RegularFile::Links::refused);
  const auto text = opened ? opened->read(max_run_record_bytes) : Failure{opened.error()};
  if (!text || !is_owner_gone(name, lock, *text)) return NotClaimed::goes_on;
  if (lock.state == FileLock::State::held && !journal_.is_there(old_name, lock.file.get()))
    return NotClaimed::goes_on;
  RunRecordName new_name = name;
  new_name.owner = here_;
  if (!journal_.rename(old_name, new_name.text())) {
    if (errno != ENOENT) note(concat({path, ": ", ::strerror(errno), "; skipped"}));
    return NotClaimed::goes_on;
  }
  const auto record = read_run_record(*text);
  if (record) return ClaimedRecord{std::move(new_name), std::move(lock), *record};
  set_aside(new_name.text(), record.error());
  return NotClaimed::is_none;
}

/// A process that cannot be seen from here, as one in another container, is gone if it held the lock on its record: this
/// process holds it now.
bool Search::is_owner_gone(const RunRecordName& name, const FileLock& lock, std::string_view text) const {
  const ProcessState state = state_of(name.owner, here_);
  if (state != ProcessState::unknown) return state == ProcessState::gone;
  if (lock.state != FileLock::State::held) {
    note(concat({journal_.path(), "/", name.text(),
                 ": whether the run goes on cannot be known: no file can be locked there (", lock.error,
                 "), and its process is in another PID namespace"}));
    return false;
  }
  const auto record = read_run_record(text);
  return !record || record->is_locked;
}

/// Whoever was to write into it was killed before, as far as can be known.
NotClaimed Search::remove_empty(const RunRecordName& name, std::time_t changed) {
  constexpr std::chrono::hours patience(1);
  const bool is_owner_gone = state_of(name.owner, here_) == ProcessState::gone;
  if (!is_owner_gone && WallClock::now() - WallClock::from_time_t(changed) < patience)
    return NotClaimed::goes_on;
  journal_.remove(name.text());
  return NotClaimed::is_none;
}

void Search::mark_as_old(const std::string& name) {
  const auto file = journal_.open_record(name);
  if (file && !write_all(file->get(), newer_run_mark))
    note(concat({journal_.path(), "/", name, ": ", ::strerror(errno),
                 "; if its run is interrupted, the report may replace that of a newer one"}));
}

void Search::set_aside(const std::string& name, const std::string& reason) {
  std::string bad = name;
  bad.replace(bad.rfind('.'), std::string::npos, ".bad");
  const std::string sentence = concat({journal_.path(), "/", name, ": ", reason});
  note(journal_.rename(name, bad) ? concat({sentence, "; it is set aside as ", bad})
                                  : concat({sentence, "; it cannot be set aside: ", ::strerror(errno)}));
}

/// What cannot be done now is left to the next search.
void Search::report(const ClaimedRecord& claimed) {
  const RunRecord& record = claimed.record;
  const bool is_old = record.has_newer || claimed.is_old;
  const bool is_of_finder = is_finders_series(claimed.name);
  const auto push = report_of(record, is_of_finder);
  if (!push) {
    if (is_old) mark_as_old(claimed.name.text());
    return;
  }
  const std::string_view end = record.end
                                   ? " ended, but not all targets had its last push: pushmetrics was killed"
                                   : " was interrupted: pushmetrics was killed";
  if (is_old) {
    note(concat({describe(record), end, "; a newer one has taken its place"}));
  } else {
    if (!spool(record, *push)) return;
    ++result_.reported;
    result_.own.is_reported = result_.own.is_reported || is_of_finder;
    note(concat({describe(record), end}));
  }
  if (!record.metrics_file.empty()) JobMetricsFile::remove(record.metrics_file);
  journal_.remove(claimed.name.text());
}

/// Nothing: it cannot be counted now.
std::optional<Push> Search::report_of(const RunRecord& record, bool is_of_finder) {
  std::vector<Family> families =
      record.end ? parse_families(record.end->body).families : interruption(record, is_of_finder);
  const RunTotals share = share_of(record, families);
  if (record.end && share.empty()) return record.end;
  if (!share.empty()) {
    const auto totals = count_now(CountFile(spool_.directory(), record.group, record.prefix), share,
                                  to_nanoseconds(record.start));
    if (!totals) note(concat({describe(record), " is not counted: ", totals.error()}));
    if (totals && !*totals) {
      result_.is_incomplete = true;
      return std::nullopt;
    }
    if (totals) replace_families(families, total_families(**totals, record.prefix));
  }
  return Push{record.group, PushMode::add, write_exposition(families),
              record.end ? record.end->when : WallClock::now()};
}

std::vector<Family> Search::interruption(const RunRecord& record, bool is_of_finder) const {
  InterruptedRun run{record.start, record.is_running_pushed, is_of_finder && finder_->is_running_pushed, {}};
  if (record.oom_kills && record.boot == here_.boot) run.oom_kills = oom_kills_since(*record.oom_kills);
  return report_interrupted(run, record.prefix);
}

bool Search::spool(const RunRecord& record, const Push& push) {
  for (const std::string& target : record.targets) {
    const auto stored = spool_.store(target, push);
    if (!stored) {
      note(concat({describe(record), " is to be reported, but cannot be now: ", stored.error()}));
      return false;
    }
    for (const std::string& sentence : stored->discarded) console_.error(sentence);
    result_.targets.push_back(target);
  }
  return true;
}

}  // namespace

InterruptedRuns report_interrupted_runs(const Spool& spool, const Console& console,
                                        const std::optional<FindingRun>& finder,
                                        std::optional<Duration> limit) {
  const auto journal = RunJournal::open(spool);
  auto names = journal ? journal->names() : Failure{journal.failure()};
  if (!names) {
    if (names.failure().error_number != ENOENT)
      console.note(concat({"interrupted runs cannot be looked for: ", names.error()}));
    return {};
  }
  const bool is_own_only = finder && names->size() == 1 && names->front() == finder->name;
  if (names->empty() || is_own_only) return {};
  return Search(spool, console, finder, *journal).run(std::move(*names), limit);
}

}  // namespace pushmetrics
