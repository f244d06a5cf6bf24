#include "commands/run.hpp"

#include "cli/cli.hpp"
#include "cli/help.hpp"
#include "job/signals.hpp"
#include "metrics/catalogue.hpp"
#include "run/ci_environment.hpp"
#include "run/ci_summary.hpp"
#include "run/run_options.hpp"
#include "run/run_session.hpp"
#include "support/message_queue.hpp"
#include "support/text.hpp"
#include "watch/linger.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp run_help{
    "pushmetrics run [options] [--] COMMAND [ARG...]",
    "Run COMMAND and push its result: duration, success, exit code, timestamps, CPU\n"
    "time, memory, and the metrics that it appends to the file $PUSHMETRICS_FILE.\n"
    "Exits with the status of COMMAND, even if the push fails. Run pipelines with\n"
    "bash and pipefail: a plain shell ignores failures of all but the last command.",
    "  pushmetrics run -- ./backup.sh /srv\n"
    "  pushmetrics run --url http://gateway:9091 -j backup -l tier=db -- ./backup.sh\n"
    "  pushmetrics run -j dump -- bash -o pipefail -c 'pg_dump shop | gzip >shop.gz'\n",
};

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

/// The command's base name; that of a shell's text is its first word's. Whatever the command, it has one.
std::string default_job(const RunOptions& options, const std::vector<std::string>& command) {
  std::string_view name = command.front();
  if (options.shell) {
    const auto words = split(*options.shell, " \t\n;|&()<>");
    name = words.empty() ? "sh" : words.front();
  }
  name = name.substr(0, name.find_last_not_of('/') + 1);
  const std::string job = printable(base_name(name));
  return trim(job).empty() ? "unnamed" : job;
}

std::vector<std::string> job_command(const RunOptions& options, std::vector<std::string> operands) {
  if (!options.shell) return operands;
  operands.insert(operands.begin(), {"/bin/sh", "-c", *options.shell});
  return operands;
}

/// What the CI system provides, if it is wanted: with --ci, or if no job is named. What the person gave takes
/// precedence.
std::optional<CiEnvironment> apply_ci(RunOptions& options, std::vector<std::string>& problems) {
  if (!options.ci && options.group.job) return std::nullopt;
  auto ci = ci_environment(environment_variable);
  if (!ci) {
    if (options.ci) problems.emplace_back("--ci: the variables of no known CI system are set");
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

/// Takes out of --metric what the run pushes itself.
void drop_own_metrics(RunOptions& options) {
  std::erase_if(options.metrics, [&](const Family& family) {
    const bool is_own = is_reserved_name(family.name, options.report.prefix);
    if (is_own)
      options.metric_problems.push_back(
          concat({"--metric: ", family.name, " is one of the run's own metrics"}));
    return is_own;
  });
}

/// Only the command line may keep the job from running: what makes no group and comes from elsewhere is left out.
Result<GroupingKey> make_group_of_run(RunOptions& options, ParsedOptions& reading, const std::string& job) {
  auto group = make_group(options.group, job);
  if (group) return group;
  using Drop = void (*)(GroupOptions&);
  const std::array<std::pair<std::string_view, Drop>, 4> parts{
      {{"instance-hostname", [](GroupOptions& group_options) { group_options.instance_is_hostname = false; }},
       {"instance", [](GroupOptions& group_options) { group_options.instance.reset(); }},
       {"label", [](GroupOptions& group_options) { group_options.labels.clear(); }},
       {"job", [](GroupOptions& group_options) { group_options.job.reset(); }}}};
  GroupOptions without_all = options.group;
  for (const auto& [name, drop] : parts) {
    if (is_on_command_line(reading.sources, name)) continue;
    GroupOptions without_one = options.group;
    drop(without_one);
    drop(without_all);
    auto rest = make_group(without_one, job);
    if (!rest) rest = make_group(without_all, job);
    if (!rest) continue;
    reading.problems.push_back(group.error());
    return rest;
  }
  return group;
}

/// Nothing that goes wrong here may cost the job's exit status.
void write_summary(const std::optional<CiEnvironment>& ci, const RunOptions& options, const std::string& job,
                   const RunResult& result) {
  if (!ci || ci->summary_file.empty()) return;
  try {
    const std::string problem = append_to_summary(ci->summary_file, ci_summary(options, job, result));
    if (!problem.empty())
      options.common.console().warn(
          concat({"job '", printable(job), "': no summary in GITHUB_STEP_SUMMARY: ", problem}));
  } catch (const std::bad_alloc&) {
    write_message("pushmetrics: no summary in GITHUB_STEP_SUMMARY: out of memory\n");
  }
}

/// Nor may what is spooled, even if no process can be left behind.
void linger_after(const RunOptions& options, const std::string& job) {
  try {
    linger(options.delivery, *options.linger, options.common.console());
  } catch (const std::exception& error) {
    write_message(concat({"pushmetrics: job '", printable(job), "': --linger: ", error.what(), "\n"}));
  }
}

/// What a person perhaps meant by a program that was not found, `alone` without arguments.
Failure misunderstanding(const std::string& program, bool alone) {
  constexpr std::string_view shell_characters = "|&;<>$`*?\t\n ";
  const std::size_t equals = program.find('=');
  if (equals != program.npos && is_valid_label_name(program.substr(0, equals)))
    return {concat({in_quotes(program), " sets a variable"}),
            "run the command with 'env NAME=VALUE COMMAND'"};
  if (alone && program.find_first_of(shell_characters) != program.npos)
    return {concat({in_quotes(program, 60), " is a line for a shell"}),
            concat({"run it with 'pushmetrics run --shell ", visible(shell_word(program), 100), "'"})};
  if (program == "help") return {"'help' was run as a command", "see 'pushmetrics run --help'"};
  return {};
}

int run_job(const std::vector<std::string>& arguments) {
  RunOptions options;
  const OptionTable table = describe(options);
  const Console console(Verbosity::normal);
  auto reading = read_options("run", table, Operands::command, arguments);
  if (options.common.help)
    return write_all(STDOUT_FILENO, help_text(run_help, table)) ? exit_done : exit_not_delivered;
  if (!reading) {
    console.error(concat({reading.error(), "; the job was not run"}), reading.failure().hint);
    return exit_run_usage;
  }
  std::vector<std::string> command = job_command(options, std::move(reading->operands));
  if (command.empty()) {
    console.error("no command to run", "use 'pushmetrics run [options] -- COMMAND [ARG...]'");
    return exit_run_usage;
  }
  if (options.time_limit == Duration::zero()) options.time_limit.reset();  // as timeout(1) has it
  options.report.resources = !options.no_resources;
  options.report.has_time_limit = options.time_limit.has_value();
  options.report.heartbeat = options.notify_start || options.heartbeat;
  drop_own_metrics(options);
  reading->problems.insert(reading->problems.end(), options.metric_problems.begin(),
                           options.metric_problems.end());
  const auto ci = apply_ci(options, reading->problems);
  auto group = make_group_of_run(options, *reading, default_job(options, command));
  if (!group) {
    console.error(concat({group.error(), "; the job was not run"}));
    return exit_run_usage;
  }
  if (options.count && group->value("status")) {
    options.count = false;
    reading->problems.emplace_back("--count: the counts have a label 'status', and so has the group");
  }
  if (!options.histogram.empty() && group->value("le")) {
    options.histogram.clear();
    reading->problems.emplace_back("--histogram: its buckets have a label 'le', and so has the group");
  }
  options.delivery.http.password = environment_variable("PUSHMETRICS_PASSWORD");
  options.delivery.http.bearer_token = environment_variable("PUSHMETRICS_BEARER_TOKEN");
  // The run, with its file, is gone before pushmetrics perhaps dies of the job's signal.
  const std::string program = command.front();
  const bool alone = command.size() == 1;
  const RunResult result = execute_run(options, *group, std::move(command), reading->problems);
  try {
    if (result.outcome.ending == Outcome::Ending::not_found)
      if (const Failure meant = misunderstanding(program, alone); !meant.message.empty())
        console.error(meant.message, meant.hint);
    if (const std::string hint = default_target_hint(options.delivery);
        !result.pushed && !options.dry_run && !hint.empty())
      options.common.console().warn(concat({"job ", in_quotes(group->job()), ": no URL is given"}), hint);
    write_summary(ci, options, group->job(), result);
    if (options.linger && !options.dry_run) linger_after(options, group->job());
  } catch (const std::bad_alloc&) {  // of hints and the summary: the exit status stays the job's
    write_message("pushmetrics: there is not enough memory for a hint\n");
  }
  if (options.require_push && !result.pushed && is_success(result.outcome, options.report))
    return exit_run_usage;
  return end_like(result.outcome);
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  try {
    return run_job(arguments);
  } catch (const std::exception& error) {  // before the job: afterwards, none is let through
    Console(Verbosity::normal).error(concat({"the job was not run: ", error.what()}));
    return exit_run_usage;
  }
}

}  // namespace pushmetrics
