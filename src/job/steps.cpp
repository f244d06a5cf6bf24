#include "job/steps.hpp"

#include "metrics/catalogue.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr std::string_view begin_mark = "# STEP begin ";
constexpr std::string_view end_mark = "# STEP end ";

long long microseconds(std::chrono::system_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

/// The number that begins `line`, which loses it and the blank behind it.
std::optional<long long> take_number(std::string_view& line) {
  long long number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ' || number < 0)
    return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
  return number;
}

/// Two numbers that identify a run.
using Identity = std::pair<long long, long long>;

std::optional<Identity> take_identity(std::string_view& line) {
  const auto process = take_number(line);
  if (!process) return std::nullopt;
  const auto started = take_number(line);
  if (!started) return std::nullopt;
  return Identity(*process, *started);
}

Time time_of(const Identity& identity) { return Time(std::chrono::microseconds(identity.second)); }

/// Puts the lines together again.
class StepReader {
 public:
  void take(std::string_view line) {
    if (line.starts_with(begin_mark)) {
      line.remove_prefix(begin_mark.size());
      const auto identity = take_identity(line);
      if (identity && is_valid_step_name(line)) open_.try_emplace(*identity, line);
    } else if (line.starts_with(end_mark)) {
      line.remove_prefix(end_mark.size());
      const auto identity = take_identity(line);
      const auto took = identity ? take_number(line) : std::nullopt;
      const auto success = took ? take_number(line) : std::nullopt;
      if (!success || !is_valid_step_name(line)) return;
      open_.erase(*identity);
      add(line, {time_of(*identity), std::chrono::microseconds(*took), *success == 1});
    }
  }

  Steps end(Time ended) && {
    for (const auto& [identity, name] : open_) {
      const Time started = time_of(identity);
      const auto took = std::max(ended - started, Time::duration::zero());
      add(name, {started, std::chrono::duration_cast<Duration>(took), false});
    }
    for (Step& step : result_.steps) std::ranges::stable_sort(step.intervals, {}, &Step::Interval::started);
    std::ranges::stable_sort(result_.steps, {},
                             [](const Step& step) { return step.intervals.front().started; });
    return std::move(result_);
  }

 private:
  void add(std::string_view name, const Step::Interval& interval) {
    // As many as a person can look at, and Prometheus can keep.
    constexpr std::size_t most = 1000;
    const auto known = places_.find(name);
    std::size_t place = 0;
    if (known != places_.end()) {
      place = known->second;
    } else if (result_.steps.size() == most) {
      ++result_.omitted;
      return;
    } else {
      place = result_.steps.size();
      result_.steps.push_back({std::string(name), {}, false, {}});
      places_.emplace(name, place);
    }
    Step& step = result_.steps[place];
    step.took += interval.took;
    step.success = interval.success;
    step.intervals.push_back(interval);
  }

  std::map<Identity, std::string> open_;
  std::map<std::string, std::size_t, std::less<>> places_;
  Steps result_;
};

}  // namespace

std::string step_begin_line(const StepRun& run) {
  return concat({begin_mark, std::to_string(run.process), " ",
                 std::to_string(microseconds(run.started.time_since_epoch())), " ", run.name, "\n"});
}

std::string step_end_line(const StepRun& run, Duration took, bool success) {
  const auto lasted = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  return concat({end_mark, std::to_string(run.process), " ",
                 std::to_string(microseconds(run.started.time_since_epoch())), " ", std::to_string(lasted),
                 success ? " 1 " : " 0 ", run.name, "\n"});
}

bool is_valid_step_name(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !trim(name).empty() && is_valid_utf8(name) && std::ranges::none_of(name, is_control);
}

Steps read_steps(std::string_view text, Time ended) {
  StepReader reader;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reader.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(reader).end(ended);
}

std::vector<Family> step_families(const std::vector<Step>& steps, std::string_view prefix) {
  if (steps.empty()) return {};
  const auto family = [prefix](const RunMetric& metric) -> Family {
    return {metric.full_name(prefix), metric.type, std::string(metric.help), {}};
  };
  std::vector<Family> families{family(run_metric::step_duration), family(run_metric::step_success)};
  for (const Step& step : steps) {
    const std::vector<Label> labels{{"step", step.name}};
    families[0].samples.push_back({families[0].name, labels, to_seconds(step.took)});
    families[1].samples.push_back({families[1].name, labels, step.success ? 1.0 : 0.0});
  }
  return families;
}

}  // namespace pushmetrics
