#include "run/ci_environment.hpp"

#include "support/descriptor.hpp"
#include "support/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace pushmetrics {
namespace {

void add_label(std::vector<Label>& labels, const char* name, std::string value) {
  if (!value.empty()) labels.push_back({name, std::move(value)});
}

std::string joined(const std::string& first, const std::string& second) {
  return first.empty() || second.empty() ? first + second : concat({first, "/", second});
}

/// What Markdown would take for its own, as itself; on one line.
std::string markdown(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text)) {
    if (std::strchr("\\`*_[]<>|#&~", c) != nullptr && c != '\0') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string mebibytes(long long bytes) {
  return concat({std::to_string((bytes + (1LL << 19)) >> 20), " MiB"});
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

std::string environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::optional<CiEnvironment> ci_environment(const Variables& variable) {
  CiEnvironment ci;
  if (variable("GITHUB_ACTIONS") == "true") {
    const std::string workflow = variable("GITHUB_WORKFLOW");
    ci.job = joined(workflow, variable("GITHUB_JOB"));
    add_label(ci.labels, "repository", variable("GITHUB_REPOSITORY"));
    add_label(ci.labels, "workflow", workflow);
    ci.summary_file = variable("GITHUB_STEP_SUMMARY");
  } else if (variable("GITLAB_CI") == "true") {
    const std::string stage = variable("CI_JOB_STAGE");
    ci.job = joined(stage, variable("CI_JOB_NAME"));
    add_label(ci.labels, "repository", variable("CI_PROJECT_PATH"));
    add_label(ci.labels, "stage", stage);
  } else {
    return std::nullopt;
  }
  return ci;
}

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
            concat({"arrived at ", target,
                    arrival.is_whole ? "" : ", but for the metrics that were added: they are **lost**"}));
        break;
      case PushResult::Status::spooled: row("Push", concat({"waits for ", target, " in the spool"})); break;
      case PushResult::Status::discarded:
        row("Push", concat({"**lost**: ", target, " did not take it"}));
        break;
    }
  }
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
