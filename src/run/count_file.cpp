#include "run/count_file.hpp"

#include "delivery/record_text.hpp"
#include "formats/exposition_parser.hpp"
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
constexpr std::string_view here_only_mark = "# To be added to what the targets hold.\n";
constexpr std::string_view counted_mark = "# Counted runs:";

/// What stands in the last line that begins with the mark.
std::vector<std::uint64_t> read_counted(std::string_view text) {
  std::vector<std::uint64_t> starts;
  const std::size_t place = text.rfind(counted_mark);
  if (place == std::string_view::npos) return starts;
  text.remove_prefix(place + counted_mark.size());
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

Result<std::optional<KeptCounts>> CountFile::read() const {
  if (directory_.empty() || (::access(path().c_str(), F_OK) != 0 && errno == ENOENT))
    return std::optional<KeptCounts>();
  const auto file = RegularFile::open(path(), RegularFile::Links::refused);
  const auto text = file ? file->read_whole(size_limit) : Failure{file.error()};
  if (!text) return Failure{concat({path(), ": ", text.error()})};
  auto kept = read_kept_counts(*text, group_, prefix_);
  if (!kept) return Failure{concat({path(), " is damaged"})};
  return kept;
}

Result<void> CountFile::write(const KeptCounts& kept) const {
  return write_atomically(directory_, concat({stem_, suffix}), write_kept_counts(kept, group_, prefix_),
                          0600);
}

void count_once(KeptCounts& kept, RunEnd end, std::uint64_t start) {
  constexpr std::size_t remembered = 64;
  if (std::ranges::find(kept.counted, start) != kept.counted.end()) return;
  kept.counts = advanced(kept.counts, end);
  if (kept.counted.size() >= remembered) kept.counted.erase(kept.counted.begin());
  kept.counted.push_back(start);
}

std::string write_kept_counts(const KeptCounts& kept, const GroupLabels& group, std::string_view prefix) {
  std::string text =
      write_textfile({group, std::chrono::system_clock::now(), count_families(kept.counts, prefix)});
  if (!kept.counted.empty()) {
    text += counted_mark;
    for (const std::uint64_t start : kept.counted) text.append(" ").append(std::to_string(start));
    text += "\n";
  }
  if (kept.extent == KeptCounts::Extent::here_only) text += here_only_mark;
  return text;
}

std::optional<KeptCounts> read_kept_counts(std::string_view text, const GroupLabels& group,
                                           std::string_view prefix) {
  auto contents = read_textfile_header(text);
  if (!contents || contents->labels != group) return std::nullopt;
  contents->families = parse_families(text).families;
  const auto counts = run_counts_of(held_group(*contents, prefix));
  if (!counts) return std::nullopt;
  const bool is_here_only = text.ends_with(here_only_mark);
  return KeptCounts{*counts, is_here_only ? KeptCounts::Extent::here_only : KeptCounts::Extent::all,
                    read_counted(text)};
}

}  // namespace pushmetrics
