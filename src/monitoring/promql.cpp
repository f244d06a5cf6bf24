#include "monitoring/promql.hpp"

#include "metrics/family.hpp"
#include "support/text.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

namespace pushmetrics {
namespace {

using namespace std::chrono_literals;

constexpr Duration default_lookback = 31 * 24h;

/// Characters that YAML takes for a line's end, or refuses, though they are no ASCII controls
/// (YAML 1.1, 5.1).
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> unsafe_in_yaml{{
    {"\xE2\x80\xA8", "\\u2028"},
    {"\xE2\x80\xA9", "\\u2029"},
    {"\xEF\xBB\xBF", "\\ufeff"},
    {"\xEF\xBF\xBE", "\\ufffe"},
    {"\xEF\xBF\xBF", "\\uffff"},
}};

void append_code(std::string& out, const char* format, unsigned code) {
  char buffer[8];
  std::snprintf(buffer, sizeof buffer, format, code);
  out += buffer;
}

/// Appends the escape of the character at the start of `text`; returns the bytes it took, 0 if it needs none.
std::size_t append_escape(std::string& out, std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (text[0] == '\\' || text[0] == '"') {
    out += '\\';
    out += text[0];
    return 1;
  }
  if (text[0] == '\n') {
    out += "\\n";
    return 1;
  }
  if (first < ' ' || first == 0x7F) {
    append_code(out, "\\x%02x", first);
    return 1;
  }
  if (first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) {
    append_code(out, "\\u%04x", static_cast<unsigned char>(text[1]));
    return 2;
  }
  for (const auto& [character, escape] : unsafe_in_yaml) {
    if (!text.starts_with(character)) continue;
    out += escape;
    return character.size();
  }
  return 0;
}

}  // namespace

std::string promql_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    std::size_t taken = append_escape(out, text);
    if (taken == 0) {
      out += text[0];
      taken = 1;
    }
    text.remove_prefix(taken);
  }
  return out + '"';
}

std::string promql_duration(Duration duration) {
  constexpr std::array<std::pair<const char*, std::chrono::milliseconds>, 5> units{
      {{"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};
  auto rest = std::max(1ms, std::chrono::round<std::chrono::milliseconds>(duration));
  std::string text;
  for (const auto& [name, unit] : units) {
    if (rest < unit) continue;
    text += std::to_string(rest / unit) + name;
    rest %= unit;
  }
  return text;
}

MetricPrefix MetricPrefix::of_option(const std::optional<std::string>& prefix) {
  return prefix ? MetricPrefix(*prefix, Kind::known) : MetricPrefix(".+", Kind::any);
}

RunQueries::RunQueries(MetricPrefix prefix, std::vector<std::string> matchers, Source source,
                       Duration lookback)
    : prefix_(std::move(prefix)), matchers_(std::move(matchers)), source_(source), lookback_(lookback) {
  if (matchers_.empty()) matchers_.emplace_back();
}

Result<RunQueries> RunQueries::make(MetricPrefix prefix, std::vector<std::string> matchers, Source source,
                                    std::optional<Duration> lookback) {
  if (prefix.is_known() && !is_valid_metric_name(run_metric::success.full_name(prefix.text())))
    return Failure{concat({"'", printable(prefix.text()), "' cannot begin a metric's name"})};
  if (lookback && source != Source::remote_write)
    return Failure{
        "--lookback needs --source remote-write: scraped metrics stay visible however old they are"};
  if (lookback && *lookback <= Duration::zero()) return Failure{"--lookback must be longer than nothing"};
  return RunQueries(std::move(prefix), std::move(matchers), source, lookback.value_or(default_lookback));
}

std::string RunQueries::select(std::string_view name, std::string_view name_matcher) const {
  std::string series;
  for (const std::string& matchers : matchers_) {
    if (!series.empty()) series += " or ";
    series += name;
    const std::string_view comma = name_matcher.empty() || matchers.empty() ? "" : ",";
    if (!name_matcher.empty() || !matchers.empty())
      series += concat({"{", name_matcher, comma, matchers, "}"});
  }
  return matchers_.size() == 1 ? series : concat({"(", series, ")"});
}

std::string RunQueries::selector(const RunMetric& metric) const {
  if (prefix_.is_known()) return select(metric.full_name(prefix_.text()));
  return select("", concat({"__name__=~\"", prefix_.text(), metric.name, "\""}));
}

/// Of two alternatives that match, a regular expression takes the first: a name with `job_` gives no prefix.
std::string RunQueries::with_prefix(std::string series, const RunMetric& metric) const {
  if (prefix_.is_known()) return series;
  return concat({"label_replace(", series, ", \"metric_prefix\", \"$1\", \"__name__\", \"(?:job_|(.+))",
                 metric.name, "\")"});
}

std::string RunQueries::newest_within(const RunMetric& metric, std::string_view range) const {
  if (is_scraped()) return selector(metric);
  return concat({"last_over_time(", selector(metric), "[", range, "])"});
}

std::string RunQueries::newest(const RunMetric& metric) const {
  return newest_within(metric, promql_duration(lookback_));
}

std::string RunQueries::latest(const RunMetric& metric) const { return with_prefix(newest(metric), metric); }

std::string RunQueries::only_jobs(const std::string& values) const {
  return !prefix_.is_any() ? values : concat({"(", values, "\n    and ", latest(run_metric::start), ")"});
}

std::string RunQueries::of_jobs(const RunMetric& metric, std::string_view condition) const {
  return only_jobs(latest(metric).append(condition));
}

std::string RunQueries::written_within(const RunMetric& metric, std::string_view interval) const {
  return only_jobs(with_prefix(newest_within(metric, interval), metric));
}

/// Only a success has a 1, so that an interruption is a 2.
std::string RunQueries::result() const {
  return concat({"(", latest(run_metric::success), " + 2 * ", latest(run_metric::interrupted), ")"});
}

std::string RunQueries::sampled(const RunMetric& metric) const {
  return with_prefix(newest_within(metric, "10m"), metric);
}

/// A gauge that is scraped repeats its value at each scrape, so that each run weighs by the time until the next: right
/// for a job on a schedule. A look every 10 minutes is enough of it, and cheaper. The names of start and end are a
/// job's, where many series of others end in `duration_seconds`: a week of those is too much to ask for. While a run
/// goes on, its start is known and its end is not.
std::string RunQueries::past_durations(std::string_view function, std::string_view range) const {
  return concat({function, "(", sampled(run_metric::last_completion), " - ", sampled(run_metric::start),
                 " >= 0)[", range, ":10m])"});
}

std::string RunQueries::past_completions(std::string_view range) const {
  return concat({"changes(", sampled(run_metric::last_completion), "[", range, ":10m])"});
}

std::string RunQueries::overdue(int missed_runs) const {
  const std::string next = latest(run_metric::next_run);
  const std::string interval = latest(run_metric::expected_interval);
  const std::string overdue =
      concat({"time() - (", next, "\n    or ", latest(run_metric::last_success), " + ", interval, ")\n  > (",
              latest(run_metric::schedule_grace), "\n    or clamp_max(", interval, " / 4, 6 * 3600))"});
  if (missed_runs == 1) return overdue;
  return concat({overdue, "\n    + ", std::to_string(missed_runs - 1), " * (", next, " - ",
                 latest(run_metric::start), "\n    or ", interval, ")"});
}

/// A run without --timeout leaves job_timed_out as the last one with it pushed it, but not its exit status.
std::string RunQueries::of_time_out(const RunMetric& metric) const {
  return concat({latest(metric), "\n  and ", latest(run_metric::success), " == 0\n  and ",
                 latest(run_metric::timed_out), " == 1\n  and ", latest(run_metric::exit_code),
                 " == 124\n  unless ", latest(run_metric::interrupted), " == 1"});
}

std::string RunQueries::of_failure(const RunMetric& metric) const {
  return concat({latest(metric), "\n  and ", latest(run_metric::success), " == 0\n  unless (",
                 latest(run_metric::timed_out), " == 1\n    and ", latest(run_metric::exit_code),
                 " == 124)\n  unless ", latest(run_metric::interrupted), " == 1"});
}

std::string RunQueries::never_succeeded() const {
  return concat({latest(run_metric::start), "\n  and ", latest(run_metric::success), " == 0\n  unless ",
                 latest(run_metric::last_success)});
}

std::string RunQueries::failed_pushes() const {
  return concat({select("push_failure_time_seconds"), "\n  > ", select("push_time_seconds")});
}

}  // namespace pushmetrics
