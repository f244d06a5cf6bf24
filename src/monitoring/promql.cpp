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

RunQueries::RunQueries(std::string prefix, std::string matchers, Source source, Duration lookback)
    : prefix_(std::move(prefix)), matchers_(std::move(matchers)), source_(source), lookback_(lookback) {}

Result<RunQueries> RunQueries::make(std::string prefix, std::string matchers, Source source,
                                    std::optional<Duration> lookback) {
  if (!is_valid_metric_name(run_metric::success.full_name(prefix)))
    return Failure{concat({"'", printable(prefix), "' cannot begin a metric's name"})};
  if (lookback && source != Source::remote_write)
    return Failure{
        "--lookback needs --source remote-write: scraped metrics stay visible however old they are"};
  if (lookback && *lookback <= Duration::zero()) return Failure{"--lookback must be longer than nothing"};
  return RunQueries(std::move(prefix), std::move(matchers), source, lookback.value_or(default_lookback));
}

std::string RunQueries::with_matchers(std::string_view name) const {
  return matchers_.empty() ? std::string(name) : concat({name, "{", matchers_, "}"});
}

std::string RunQueries::selector(const RunMetric& metric) const {
  return with_matchers(metric.full_name(prefix_));
}

std::string RunQueries::latest(const RunMetric& metric) const {
  if (is_scraped()) return selector(metric);
  return concat({"last_over_time(", selector(metric), "[", promql_duration(lookback_), "])"});
}

std::string RunQueries::overdue(int missed_runs) const {
  const std::string interval = latest(run_metric::expected_interval);
  const std::string runs = missed_runs == 1 ? "" : std::to_string(missed_runs) + " * ";
  return concat({"time() - ", latest(run_metric::last_success), "\n  > ", runs, interval, " + clamp_max(",
                 interval, " / 4, 6 * 3600)"});
}

std::string RunQueries::never_succeeded() const {
  return concat({latest(run_metric::last_completion), "\n  unless ", latest(run_metric::last_success)});
}

std::string RunQueries::failed_pushes() const {
  return concat({with_matchers("push_failure_time_seconds"), "\n  > ", with_matchers("push_time_seconds")});
}

}  // namespace pushmetrics
