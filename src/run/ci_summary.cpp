#include "run/ci_summary.hpp"

#include "support/descriptor.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace pushmetrics {
namespace {

/// What Markdown would take for its own, as itself; on one line.
std::string markdown(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text)) {
    if (std::strchr("\\`*_[]<>|#&~$", c) != nullptr && c != '\0') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string mebibytes(long long bytes) {
  return concat({std::to_string((bytes + (1LL << 19)) >> 20), " MiB"});
}

/// As many steps as a person looks at.
constexpr std::size_t shown_steps = 50;

std::string step_table(const std::vector<Step>& steps) {
  std::string text = "\n| Step | Result | Duration | Runs |\n|---|---|---|---|\n";
  for (const Step& step : steps) {
    if (&step == steps.data() + shown_steps) {
      text += concat({"| and ", std::to_string(steps.size() - shown_steps), " more | | | |\n"});
      break;
    }
    text += concat({"| ", markdown(step.name), " | ", step.success ? "✅" : "❌", " | ",
                    format_duration(step.took), " | ", std::to_string(step.intervals.size()), " |\n"});
  }
  return text;
}

/// A name in a Mermaid chart, where some characters end it, and others begin a comment or an entity. Behind a space
/// without width, a word such as "section" or "title" is no statement.
std::string chart_name(std::string_view name) {
  constexpr std::string_view zero_width_space = "\u200b";
  std::string text = concat({zero_width_space, printable(name, 60)});
  std::ranges::replace_if(
      text, [](char c) { return std::strchr(":;#%,`<>{}\"", c) != nullptr; }, ' ');
  return text;
}

/// A Gantt chart, which GitHub and GitLab render (mermaid.js.org, Gantt diagrams).
std::string step_chart(const std::vector<Step>& steps) {
  const auto milliseconds = [](auto duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  };
  std::string text = "\n```mermaid\ngantt\n  dateFormat x\n  axisFormat %H:%M:%S\n";
  std::size_t left = shown_steps;
  for (const Step& step : steps) {
    for (const Step::Interval& interval : step.intervals) {
      if (left-- == 0) return text + "```\n";
      const auto began = interval.started.time_since_epoch();
      const auto shown = std::max<Duration>(interval.took, std::chrono::milliseconds(1));
      text += concat({"  ", chart_name(step.name), " :", interval.success ? "done" : "crit", ", ",
                      milliseconds(began), ", ", milliseconds(began + shown), "\n"});
    }
  }
  return text + "```\n";
}

/// What the job wrote last may lack its line's end.
bool ends_in_mid_line(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  char last = '\n';
  return file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
         ::pread(file.get(), &last, 1, status.st_size - 1) == 1 && last != '\n';
}

}  // namespace

std::string ci_summary(const RunOptions& options, const std::string& job, const RunResult& result) {
  const Outcome& outcome = result.outcome;
  const bool success = is_success(outcome, options.report);
  std::string text = concat({"### ", success ? "✅ " : "❌ ", markdown(job), success ? " succeeded" : " failed",
                             "\n\n| | |\n|---|---|\n"});
  const auto row = [&text](std::string_view name, std::string_view value) {
    text += concat({"| ", name, " | ", value, " |\n"});
  };
  row("Result", outcome.describe());
  row("Duration", format_duration(outcome.took));
  row("Exit code", std::to_string(outcome.status()));
  if (options.report.resources) {
    row("CPU", concat({format_duration(outcome.resources.user), " user, ",
                       format_duration(outcome.resources.system), " system"}));
    row("Memory", mebibytes(outcome.resources.max_resident_bytes));
  }
  if (options.dry_run) row("Push", "none (dry run)");
  for (const TargetResult& arrival : result.target_results) {
    const std::string target = markdown(arrival.target);
    switch (arrival.status) {
      case PushResult::Status::delivered:
        row("Push",
            concat(
                {"delivered to ", target,
                 arrival.is_whole ? "" : ", without the metrics that were added: they were **rejected**"}));
        break;
      case PushResult::Status::spooled: row("Push", concat({"spooled for ", target})); break;
      case PushResult::Status::discarded:
        row("Push", concat({"**discarded**: not delivered to ", target}));
        break;
    }
  }
  if (!result.steps.empty()) text += step_table(result.steps) + step_chart(result.steps);
  return text + "\n";
}

std::string append_to_summary(const std::string& path, std::string_view summary) {
  const std::string text = ends_in_mid_line(path) ? concat({"\n\n", summary}) : std::string(summary);
  // Whatever the job made of the file: a pipe must not hold the end up.
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644));
  if (file.get() < 0) return std::strerror(errno);
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written < 0) return std::strerror(errno);
  return static_cast<std::size_t>(written) == text.size() ? std::string() : "it was cut short";
}

}  // namespace pushmetrics
