#include "run/count_file.hpp"

#include "delivery/record_text.hpp"
#include "formats/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"
#include "sinks/textfile_contents.hpp"
#include "support/atomic_file.hpp"
#include "support/regular_file.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::string_view suffix = ".counts";
constexpr std::size_t size_limit = std::size_t{1} << 20;
/// Stands before what is.
constexpr std::string_view here_only_mark = "# To be added to what the targets hold:\n";
constexpr std::string_view counted_mark = "# Counted runs:";

/// The numbers in the line at the beginning, behind the mark.
std::vector<std::uint64_t> read_counted(std::string_view text) {
  std::vector<std::uint64_t> starts;
  text.remove_prefix(counted_mark.size());
  for (const std::string_view word : split(text.substr(0, text.find('\n')), " "))
    if (const auto start = to_number<std::uint64_t>(word)) starts.push_back(*start);
  return starts;
}

}  // namespace

CountFile::CountFile(const std::string& directory, const GroupingKey& group, std::string prefix)
    : directory_(directory.empty() ? "" : concat({directory, "/counts"})),
      group_(group),
      prefix_(std::move(prefix)) {
  const std::string name = textfile_name(group_);
  stem_ = concat({std::string_view(name).substr(0, name.rfind('.')), "-", prefix_});
}

std::string CountFile::path() const { return concat({directory_, "/", stem_, suffix}); }

Result<std::optional<Descriptor>> CountFile::try_lock(Lock which) const {
  if (directory_.empty()) return Failure{"there is no directory for them: give --spool DIR"};
  if (const auto made = make_directories(directory_); !made) return Failure{made.error()};
  const std::string path = concat({directory_, "/", stem_, which == Lock::file ? ".file" : ".turn"});
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return std::optional(std::move(file));
  if (errno == EWOULDBLOCK || errno == EINTR) return std::optional<Descriptor>();
  return Failure{concat({path, ": ", ::strerror(errno)})};
}

Result<std::optional<KeptTotals>> CountFile::read() const {
  if (directory_.empty() || (::access(path().c_str(), F_OK) != 0 && errno == ENOENT))
    return std::optional<KeptTotals>();
  const auto file = RegularFile::open(path(), RegularFile::Links::refused);
  const auto text = file ? file->read_whole(size_limit) : Failure{file.error()};
  if (!text) return Failure{concat({path(), ": ", text.error()})};
  auto kept = read_kept_totals(*text, group_, prefix_);
  if (!kept) return Failure{concat({path(), " is damaged"})};
  return kept;
}

Result<void> CountFile::write(const KeptTotals& kept) const {
  const std::string text = write_kept_totals(kept, group_, prefix_);
  if (text.size() > size_limit) return Failure{concat({path(), " would be larger than 1 MiB"})};
  return write_atomically(directory_, concat({stem_, suffix}), text, 0600);
}

void add_once(KeptTotals& kept, const RunTotals& share, std::uint64_t start,
              const std::optional<RunTotals>& held) {
  constexpr std::size_t remembered = 64;
  const bool is_new = std::ranges::find(kept.counted, start) == kept.counted.end();
  add_run(kept.known, is_new ? share : RunTotals{}, held);
  if (!is_new) return;
  if (kept.counted.size() >= remembered) kept.counted.erase(kept.counted.begin());
  kept.counted.push_back(start);
}

std::string write_kept_totals(const KeptTotals& kept, const GroupLabels& group, std::string_view prefix) {
  const KnownTotals& known = kept.known;
  std::string text =
      write_textfile({group, std::chrono::system_clock::now(), total_families(known.all, prefix)});
  if (!known.here_only.empty())
    text.append(here_only_mark).append(write_exposition(total_families(known.here_only, prefix)));
  text += counted_mark;
  for (const std::uint64_t start : kept.counted) text.append(" ").append(std::to_string(start));
  return text + "\n";
}

std::optional<KeptTotals> read_kept_totals(std::string_view text, const GroupLabels& group,
                                           std::string_view prefix) {
  const auto contents = read_textfile_header(text);
  if (!contents || contents->labels != group) return std::nullopt;
  // In a label value, no line ends: these are lines of their own.
  const std::size_t counted = text.rfind(concat({"\n", counted_mark}));
  if (counted == text.npos || !text.ends_with('\n')) return std::nullopt;
  KeptTotals kept{{}, read_counted(text.substr(counted + 1))};
  text = text.substr(0, counted + 1);
  const std::size_t here_only = text.rfind(concat({"\n", here_only_mark}));
  const auto totals_in = [&](std::string_view part) {
    return read_totals(parse_families(part).families, prefix);
  };
  if (here_only != text.npos) kept.known.here_only = totals_in(text.substr(here_only + 1));
  kept.known.all = totals_in(text.substr(0, here_only == text.npos ? here_only : here_only + 1));
  if (kept.known.all.empty() && kept.known.here_only.empty()) return std::nullopt;
  return kept;
}

}  // namespace pushmetrics
