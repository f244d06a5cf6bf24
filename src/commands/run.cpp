#include "commands/run.hpp"

#include "cli/cli.hpp"
#include "cli/help.hpp"
#include "job/signals.hpp"
#include "metrics/catalogue.hpp"
#include "run/ci_environment.hpp"
#include "run/run_options.hpp"
#include "run/run_session.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp manual{
    "pushmetrics run [options] [--] COMMAND [ARG...]",
    "Runs COMMAND and pushes how it went: duration, success, exit code, timestamps,\n"
    "CPU time, memory, and what it adds itself to the file $PUSHMETRICS_FILE.\n"
    "The exit status is the COMMAND's, whatever becomes of the push.",
    "  pushmetrics run -- ./backup.sh /srv\n"
    "  pushmetrics run --url http://gateway:9091 -j backup -l tier=db -- ./backup.sh\n"
    "  pushmetrics run --timeout 2h --shell 'pg_dump shop | gzip >shop.gz'\n",
};

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

/// The command's base name; that of a shell's text is its first word's.
std::string default_job(const RunOptions& options, const std::vector<std::string>& command) {
  if (!options.shell) return printable(base_name(command.front()));
  const auto words = split(*options.shell, " \t\n;|&()<>");
  return words.empty() ? "sh" : printable(base_name(words.front()));
}

std::vector<std::string> job_command(const RunOptions& options, std::vector<std::string> operands) {
  if (!options.shell) return operands;
  operands.insert(operands.begin(), {"/bin/sh", "-c", *options.shell});
  return operands;
}

/// What the CI system tells, if it is wanted: with --ci, or where nobody has named the job. What the person
/// gave counts over it.
std::optional<CiEnvironment> apply_ci(RunOptions& options, std::vector<std::string>& problems) {
  if (!options.ci && options.group.job) return std::nullopt;
  auto ci = ci_environment(environment_variable);
  if (!ci) {
    if (options.ci) problems.emplace_back("--ci: neither GITHUB_ACTIONS nor GITLAB_CI is true");
    return ci;
  }
  if (!GroupingKey::make(ci->job.empty() ? "x" : ci->job, ci->labels)) {
    problems.emplace_back("--ci: the CI system's variables are not UTF-8");
    return std::nullopt;
  }
  if (!options.group.job && !ci->job.empty()) options.group.job = ci->job;
  options.group.labels.insert(options.group.labels.begin(), ci->labels.begin(), ci->labels.end());
  return ci;
}

/// The first of the run's own metrics that --metric gives, too; empty: none.
std::string clash_with_own_metrics(const RunOptions& options) {
  const auto found = std::ranges::find_if(options.metrics, [&](const Family& family) {
    return is_reserved_name(family.name, options.report.prefix);
  });
  return found == options.metrics.end() ? std::string() : found->name;
}

/// Ends as the job did. A first process cannot die of a signal, so its status tells (128+n).
int end_like(const Outcome& outcome) {
  constexpr int timed_out = 124;
  if (outcome.timed_out) return timed_out;
  if (outcome.ending == Outcome::Ending::killed && ::getpid() != 1) die_of_signal(outcome.number);
  return outcome.status();
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  RunOptions options;
  const OptionTable table = describe(options);
  const Console console(Verbosity::normal);
  auto reading = read_options("run", table, Operands::command, arguments);
  if (options.common.help)
    return write_all(STDOUT_FILENO, help_text(manual, table)) ? exit_done : exit_not_delivered;
  if (!reading) {
    console.error(concat({reading.error(), "; the job was not run: see pushmetrics run --help"}));
    return exit_run_usage;
  }
  std::vector<std::string> command = job_command(options, std::move(reading->operands));
  if (command.empty()) {
    console.error("no command to run: pushmetrics run [options] -- COMMAND [ARG...]");
    return exit_run_usage;
  }
  if (options.time_limit == Duration::zero()) options.time_limit.reset();  // as timeout(1) has it
  options.report.resources = !options.no_resources;
  options.report.has_time_limit = options.time_limit.has_value();
  options.report.heartbeat = options.notify_start || options.heartbeat;
  if (const std::string name = clash_with_own_metrics(options); !name.empty()) {
    console.error(concat({"--metric: ", name, " is one of the run's own metrics; the job was not run"}));
    return exit_run_usage;
  }
  const auto ci = apply_ci(options, reading->problems);
  auto group = make_group(options.group, default_job(options, command));
  if (!group) {
    console.error(concat({group.error(), "; the job was not run"}));
    return exit_run_usage;
  }
  if (options.count && group->value("status")) {
    options.count = false;
    reading->problems.emplace_back("--count: the counts have a label 'status', and so has the group");
  }
  // The run, with its file, is gone before pushmetrics perhaps dies of the job's signal.
  const RunResult result = execute_run(options, *group, std::move(command), reading->problems);
  if (ci && !ci->summary_file.empty()) {
    const std::string problem =
        append_to_summary(ci->summary_file, ci_summary(options, group->job(), result));
    if (!problem.empty())
      options.common.console().warn(
          concat({"job '", printable(group->job()), "': no summary in GITHUB_STEP_SUMMARY: ", problem}));
  }
  if (options.require_push && !result.pushed && is_success(result.outcome, options.report))
    return exit_run_usage;
  return end_like(result.outcome);
}

}  // namespace pushmetrics
