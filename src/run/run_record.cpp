#include "run/run_record.hpp"

#include "delivery/record_text.hpp"
#include "formats/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"
#include "support/name_hash.hpp"
#include "support/text.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace pushmetrics {
namespace {

using WallClock = std::chrono::system_clock;

constexpr std::string_view record_suffix = ".run";
constexpr std::string_view first_line = "pushmetrics-run 1\n";
const Failure damaged{"it is damaged"};

WallClock::time_point to_time(std::int64_t nanoseconds) {
  return WallClock::time_point(
      std::chrono::duration_cast<WallClock::duration>(std::chrono::nanoseconds(nanoseconds)));
}

/// Takes what comes before `separator`, and the separator.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end + 1);
  return taken;
}

/// A boot id is a UUID. Whatever else somebody's file has there must not lead out of the directory.
bool is_boot_id(std::string_view text) {
  return text.size() <= 64 && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

std::optional<OomKillCount> read_oom_kills(std::string_view text) {
  OomKillCount count;
  const auto device = to_number<std::uint64_t>(take_until(text, ' '));
  const auto inode = to_number<std::uint64_t>(take_until(text, ' '));
  const auto kills = to_number<long long>(take_until(text, ' '));
  if (!device || !inode || !kills) return std::nullopt;
  return OomKillCount{percent_decoded(text), *device, *inode, *kills};
}

/// What is appended behind its length and checksum; nothing if it is not there whole.
std::optional<std::string_view> take_body(std::string_view line, std::string_view& text) {
  const auto length = to_number<std::size_t>(take_until(line, ' '));
  if (!length || text.size() < *length) return std::nullopt;
  const std::string_view body = text.substr(0, *length);
  if (checksum(body) != line) return std::nullopt;
  text.remove_prefix(*length);
  return body;
}

/// The run's last push; nothing if it is not there whole.
std::optional<Push> read_end(std::string_view line, std::string_view& text, const GroupingKey& group) {
  const auto time = to_number<std::int64_t>(take_until(line, ' '));
  const auto body = time ? take_body(line, text) : std::nullopt;
  if (!body) return std::nullopt;
  return Push{group, PushMode::add, std::string(*body), to_time(*time)};
}

std::string length_and_checksum(std::string_view body) {
  return concat({std::to_string(body.size()), " ", checksum(body), "\n", body});
}

void read_appended(std::string_view text, RunRecord& record) {
  while (!text.empty()) {
    if (text.starts_with(newer_run_mark)) {
      record.has_newer = true;
      text.remove_prefix(newer_run_mark.size());
      continue;
    }
    if (const auto line = take_line(text, "share")) {
      const auto body = take_body(*line, text);
      if (!body) return;
      record.share = read_totals(parse_families(*body).families, record.prefix);
      continue;
    }
    const auto line = take_line(text, "end");
    auto end = line ? read_end(*line, text, record.group) : std::nullopt;
    if (!end) return;
    record.end = std::move(end);
  }
}

}  // namespace

std::uint64_t to_nanoseconds(WallClock::time_point time) {
  const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

std::uint64_t RunRecordName::series_of(const GroupingKey& group, std::string_view prefix) {
  return name_hash(prefix, name_hash(group.url_path()));
}

std::optional<RunRecordName> RunRecordName::parse(std::string_view name) {
  const std::string_view whole = name;
  if (!name.ends_with(record_suffix)) return std::nullopt;
  name.remove_suffix(record_suffix.size());
  const auto start = to_number<std::uint64_t>(take_until(name, '-'));
  const auto series = to_number<std::uint64_t>(take_until(name, '-'), 16);
  const auto pid = to_number<pid_t>(take_until(name, '.'));
  const auto process_start = to_number<std::uint64_t>(take_until(name, '.'));
  const auto pid_namespace = to_number<std::uint64_t>(take_until(name, '.'));
  if (!start || !series || !pid || !process_start || !pid_namespace || !is_boot_id(name)) return std::nullopt;
  RunRecordName parsed{*start, *series, {std::string(name), *pid_namespace, *pid, *process_start}};
  // Otherwise it would be looked for under another name.
  return parsed.text() == whole ? std::optional(std::move(parsed)) : std::nullopt;
}

std::string RunRecordName::text() const {
  std::array<char, 160> numbers;
  std::snprintf(numbers.data(), numbers.size(), "%020llu-%016llx-%ld.%llu.%llu.",
                static_cast<unsigned long long>(start), static_cast<unsigned long long>(series),
                static_cast<long>(owner.pid), static_cast<unsigned long long>(owner.start),
                static_cast<unsigned long long>(owner.pid_namespace));
  return concat({numbers.data(), owner.boot, record_suffix});
}

std::string write_run_record(const RunRecord& record) {
  std::string text = concat({first_line, "job ", percent_encoded(record.group.job()), "\n",
                             label_lines(record.group.labels()), "prefix ", record.prefix, "\nstart ",
                             std::to_string(to_nanoseconds(record.start)), "\nboot ", record.boot, "\n"});
  for (const std::string& target : record.targets) text.append(concat({"target ", target, "\n"}));
  if (record.is_running_pushed) text.append("running\n");
  if (record.is_counted) text.append("counted\n");
  if (!record.metrics_file.empty())
    text.append(concat({"metrics-file ", percent_encoded(record.metrics_file), "\n"}));
  if (record.is_locked) text.append("locked\n");
  if (const auto& count = record.oom_kills)
    text.append(concat({"oom-kills ", std::to_string(count->device), " ", std::to_string(count->inode), " ",
                        std::to_string(count->kills), " ", percent_encoded(count->path), "\n"}));
  return concat({text, "crc32 ", checksum(text), "\n"});
}

Result<RunRecord> read_run_record(std::string_view text) {
  const std::string_view whole = text;
  if (!text.starts_with("pushmetrics-run ")) return Failure{"it is not the record of a run"};
  if (!text.starts_with(first_line)) return Failure{"it is of a later version of pushmetrics"};
  text.remove_prefix(first_line.size());
  const auto job = take_line(text, "job");
  std::vector<Label> labels = take_labels(text);
  const auto prefix = take_line(text, "prefix");
  const auto start = to_number<std::int64_t>(take_line(text, "start"));
  const auto boot = take_line(text, "boot");
  std::vector<std::string> targets;
  while (const auto target = take_line(text, "target")) targets.emplace_back(*target);
  const bool is_running_pushed = take_line(text, "running").has_value();
  const bool is_counted = take_line(text, "counted").has_value();
  const auto metrics_file = take_line(text, "metrics-file");
  const bool is_locked = take_line(text, "locked").has_value();
  const auto oom_kills = take_line(text, "oom-kills");
  const std::string_view head = whole.substr(0, static_cast<std::size_t>(text.data() - whole.data()));
  const auto sum = take_line(text, "crc32");
  if (!job || !prefix || !start || !boot || !sum || checksum(head) != *sum) return damaged;
  auto group = GroupingKey::make(percent_decoded(*job), std::move(labels));
  if (!group || !is_valid_metric_name(*prefix)) return damaged;

  RunRecord record{
      std::move(*group),  std::string(*prefix), to_time(*start), std::string(*boot),
      std::move(targets), is_running_pushed,    is_counted,      percent_decoded(metrics_file.value_or("")),
      is_locked};
  if (oom_kills) record.oom_kills = read_oom_kills(*oom_kills);
  read_appended(text, record);
  return record;
}

std::string write_run_end(const Push& push) {
  return concat({"end ", std::to_string(to_nanoseconds(push.when)), " ", length_and_checksum(push.body)});
}

std::string write_run_share(const RunTotals& share, std::string_view prefix) {
  return concat({"share ", length_and_checksum(write_exposition(total_families(share, prefix)))});
}

}  // namespace pushmetrics
