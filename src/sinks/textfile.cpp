#include "sinks/textfile.hpp"

#include "encoding/pushed_families.hpp"
#include "formats/exposition_parser.hpp"
#include "sinks/node_exporter_families.hpp"
#include "sinks/textfile_contents.hpp"
#include "support/atomic_file.hpp"
#include "support/descriptor.hpp"
#include "support/regular_file.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

using Kind = AttemptResult::Kind;
using Time = EventLoop::Clock::time_point;

AttemptResult directory_problem(int error) {
  AttemptResult result{Kind::needs_attention, concat({"it cannot be written to: ", ::strerror(error)})};
  result.is_unreachable = true;
  switch (error) {
    case ENOENT:
      result.reason =
          "there is no such directory: make it, and give it to node_exporter as "
          "--collector.textfile.directory";
      return result;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR: return result;
    default:
      result.kind = Kind::retry;
      result.is_unreachable = false;
      return result;
  }
}

/// The names of the files that node_exporter reads.
std::vector<std::string> textfiles(const std::string& directory) {
  std::vector<std::string> names = names_in(directory);
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".prom"); });
  std::ranges::sort(names);
  return names;
}

/// Maximum size of a file of ours, in bytes.
constexpr std::size_t own_limit = std::size_t{64} << 20;
/// Maximum sizes of somebody else's, and of all that are read for one push: nobody's file may make a run slow.
constexpr std::size_t neighbour_limit = std::size_t{4} << 20;
constexpr std::size_t neighbours_limit = std::size_t{16} << 20;

Result<std::string> read_textfile(const std::string& path, std::size_t limit) {
  const auto file = RegularFile::open(path, RegularFile::Links::followed);
  return file ? file->read_whole(limit) : Failure{file.error()};
}

/// What the first line of one of our files says; nothing: it is somebody else's, of which no more is read.
std::optional<TextfileContents> header_of(const std::string& path) {
  constexpr std::size_t longest_header = std::size_t{64} << 10;
  const auto file = RegularFile::open(path, RegularFile::Links::followed);
  const auto text = file ? file->read(longest_header) : Failure{file.error()};
  return text ? read_textfile_header(*text) : std::nullopt;
}

/// Does something to a directory while nobody else does. A lock that is held for long is no writer's (a mere reader of
/// the directory can take one), and some file systems have none: the work is done all the same then.
class LockedAttempt : public Attempt {
 public:
  using Work = std::function<AttemptResult()>;

  LockedAttempt(EventLoop& loop, Time deadline, Work work, Sink::Done done)
      : loop_(loop), work_(std::move(work)), done_(std::move(done)) {
    constexpr std::chrono::seconds longest_wait(2);
    const Time now = EventLoop::Clock::now();
    wait_until_ = now + std::min<Duration>((deadline - now) / 2, longest_wait);
  }
  ~LockedAttempt() override { loop_.cancel(timer_); }

  /// Null if it is done already.
  static std::unique_ptr<Attempt> begin(EventLoop& loop, const std::string& directory, Time deadline,
                                        Work work, Sink::Done done) {
    auto attempt = std::make_unique<LockedAttempt>(loop, deadline, std::move(work), std::move(done));
    attempt->directory_ = Descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!attempt->directory_) {
      attempt->done_(directory_problem(errno));
      return nullptr;
    }
    if (attempt->try_once()) return nullptr;
    return attempt;
  }

 private:
  /// True once `done` has been called, which may have destroyed this.
  bool try_once() {
    const bool locked = ::flock(directory_.get(), LOCK_EX | LOCK_NB) == 0;
    if (!locked && (errno == EWOULDBLOCK || errno == EINTR) && EventLoop::Clock::now() < wait_until_) {
      constexpr std::chrono::milliseconds pause(5);
      timer_ = loop_.call_at(EventLoop::Clock::now() + pause, [this] { try_once(); });
      return false;
    }
    AttemptResult verdict = work_();
    directory_.reset();
    const auto done = std::move(done_);
    done(std::move(verdict));
    return true;
  }

  EventLoop& loop_;
  Time wait_until_;
  Work work_;
  Sink::Done done_;
  Descriptor directory_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
};

/// A push becomes a file.
class TextfileWrite {
 public:
  TextfileWrite(std::string directory, const Push& push, Time deadline)
      : directory_(std::move(directory)),
        push_(push),
        deadline_(deadline),
        contents_{GroupLabels(push.group), push.when, {}},
        name_(textfile_name(contents_.labels)) {}

  AttemptResult run() {
    auto pushed = pushed_families(push_);
    if (!pushed) return {Kind::rejected, pushed.error()};
    if (std::string problem = gauge_histogram_problem(*pushed); !problem.empty())
      return {Kind::rejected, problem};
    if (push_.mode == PushMode::add) {
      const std::string problem = read_held();
      if (!problem.empty()) return {Kind::rejected, problem};
    }
    for (const Family& family : *pushed)
      if (is_node_exporter_name(family.name))
        return {Kind::rejected, concat({"node_exporter has a metric ", family.name,
                                        " itself, and would drop one of the two: rename it"})};
    replace_families(contents_.families, std::move(*pushed));
    std::vector<Neighbour> neighbours = read_neighbours();
    for (const auto& [other, neighbour] : neighbours) {
      const std::string problem = neighbour_problem(contents_.families, neighbour.families);
      if (problem.empty()) continue;
      const std::string group =
          neighbour.labels.empty() ? "" : concat({" (group ", neighbour.labels.to_string(), ")"});
      return {Kind::rejected, concat({"it conflicts with ", printable(other), group, ": ", problem,
                                      ", and node_exporter would drop one of the two"})};
    }
    return write(neighbours);
  }

 private:
  /// Another file of the directory. Somebody else's has no labels of a group.
  struct Neighbour {
    std::string name;
    TextfileContents contents;
    bool is_ours() const { return !contents.labels.empty(); }
  };

  std::string path(const std::string& name) const { return concat({directory_, "/", name}); }

  /// All others, as far as they are not too large, and as half of the time lasts.
  std::vector<Neighbour> read_neighbours() const {
    const Time now = EventLoop::Clock::now();
    const Time end = now + (deadline_ - now) / 2;
    std::size_t left = neighbours_limit;
    std::vector<Neighbour> neighbours;
    for (std::string& other : textfiles(directory_)) {
      if (EventLoop::Clock::now() > end) break;
      if (other == name_) continue;
      const auto text = read_textfile(path(other), std::min(left, neighbour_limit));
      if (!text) continue;
      left -= text->size();
      TextfileContents contents = read_textfile_header(*text).value_or(TextfileContents());
      contents.families = parse_families(*text).families;
      neighbours.push_back({std::move(other), std::move(contents)});
    }
    return neighbours;
  }

  /// Takes what is there already. Returns why the file must not be replaced; empty: it may be.
  std::string read_held() {
    if (::access(path(name_).c_str(), F_OK) != 0) return {};
    const auto text = read_textfile(path(name_), own_limit);
    if (!text) return concat({name_, " there cannot be read: ", text.error()});
    const auto header = read_textfile_header(*text);
    if (!header || header->labels != contents_.labels)
      return concat({name_, " there is not this group's: remove it"});
    ParsedFamilies parsed = parse_families(*text);
    if (parsed.families.empty() && !parsed.diagnostics.empty())
      warning_ = concat({name_, " was damaged, and is replaced: ", parsed.diagnostics.front().message});
    contents_.families = std::move(parsed.families);
    return {};
  }

  AttemptResult write(std::vector<Neighbour>& neighbours) {
    SharedHelp help;
    for (const Neighbour& neighbour : neighbours)
      help.add(neighbour.contents.families,
               neighbour.is_ours() ? SharedHelp::Author::pushmetrics : SharedHelp::Author::other);
    help.add(contents_.families, SharedHelp::Author::pushmetrics);
    help.apply_to(contents_.families);
    const std::string text = write_textfile(contents_);
    const CheckResult check = check_exposition(text);
    for (const Diagnostic& diagnostic : check.diagnostics)
      if (diagnostic.severity == Severity::error)
        return {Kind::rejected,
                concat({"it conflicts with what the group holds already: ", diagnostic.message})};
    constexpr mode_t readable_by_all = 0644;
    const auto written = write_atomically(directory_, name_, text, readable_by_all);
    if (!written) return directory_problem(written.failure().error_number);
    // Somebody else's file may have come, or gone, since these were written.
    for (auto& [name, contents] : neighbours) {
      if (contents.labels.empty() || !help.apply_to(contents.families)) continue;
      const auto rewritten = write_atomically(directory_, name, write_textfile(contents), readable_by_all);
      if (!rewritten)
        warning_ = concat({name, " has another HELP, and cannot be written: ", rewritten.error()});
    }
    return {Kind::delivered, warning_};
  }

  std::string directory_;
  const Push& push_;
  Time deadline_;
  TextfileContents contents_;
  std::string name_;
  std::string warning_;
};

/// Those files of a directory that we wrote.
class TextfileGroups : public GroupStore {
 public:
  TextfileGroups(EventLoop& loop, std::string directory) : loop_(loop), directory_(std::move(directory)) {}

  /// Needs no lock: a file is there whole, or not at all.
  std::unique_ptr<Attempt> list(GroupQuery query, Time deadline, OnListing done) override {
    Listing listing;
    listing.now = std::chrono::system_clock::now();
    if (::access(directory_.c_str(), R_OK | X_OK) != 0) {
      done(directory_problem(errno), {});
      return nullptr;
    }
    for (const std::string& name : textfiles(directory_)) {
      if (EventLoop::Clock::now() > deadline) {
        done({Kind::retry, "its files could not be read in time"}, {});
        return nullptr;
      }
      const std::string path = concat({directory_, "/", name});
      auto contents = header_of(path);
      if (!contents || (query.is_single && !query.keep(held_group(*contents, query.prefix)))) continue;
      const auto text = read_textfile(path, own_limit);
      if (!text) continue;  // removed meanwhile
      contents->families = parse_families(*text).families;
      GroupSnapshot group = held_group(*contents, query.prefix);
      if (query.with_contents) {
        group.contents = std::move(contents->families);
        drop_group_labels(group.contents, group.labels);
      }
      if (!query.keep || query.keep(group)) listing.groups.push_back(std::move(group));
    }
    done({}, std::move(listing));
    return nullptr;
  }

  std::unique_ptr<Attempt> remove(const GroupLabels& labels, Time deadline, Done done) override {
    return LockedAttempt::begin(
        loop_, directory_, deadline, [this, name = textfile_name(labels)] { return unlink_file(name); },
        std::move(done));
  }

  std::unique_ptr<Attempt> wipe(Time deadline, Done done) override {
    return LockedAttempt::begin(
        loop_, directory_, deadline, [this] { return unlink_all(); }, std::move(done));
  }

 private:
  AttemptResult unlink_file(const std::string& name) const {
    const std::string path = concat({directory_, "/", name});
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return directory_problem(errno);
  }

  AttemptResult unlink_all() const {
    for (const std::string& name : textfiles(directory_)) {
      if (!header_of(concat({directory_, "/", name}))) continue;
      AttemptResult verdict = unlink_file(name);
      if (verdict.kind != Kind::delivered) return verdict;
    }
    return {};
  }

  EventLoop& loop_;
  std::string directory_;
};

}  // namespace

std::unique_ptr<Attempt> Textfile::attempt(const Push& push, Time deadline, Done done) {
  return LockedAttempt::begin(
      loop_, directory_, deadline,
      [this, &push, deadline] { return TextfileWrite(directory_, push, deadline).run(); }, std::move(done));
}

std::unique_ptr<GroupStore> Textfile::groups() { return std::make_unique<TextfileGroups>(loop_, directory_); }

}  // namespace pushmetrics
