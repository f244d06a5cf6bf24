#include "commands/step.hpp"

#include "cli/cli.hpp"
#include "cli/common_options.hpp"
#include "cli/help.hpp"
#include "job/job_metrics_file.hpp"
#include "job/signals.hpp"
#include "job/steps.hpp"
#include "job/supervisor.hpp"
#include "support/descriptor.hpp"
#include "support/event_loop.hpp"
#include "support/message_queue.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp step_help{
    "pushmetrics step [options] NAME [--] COMMAND [ARG...]",
    "From inside a job of 'pushmetrics run': run COMMAND as one step of the job.\n"
    "Its duration and success are in the run's push, labelled with step=\"NAME\".\n"
    "Exits with the status of COMMAND. Steps nest (build/test), repeat (durations add\n"
    "up, the last success is pushed) and run in parallel. Nothing is sent.",
    "  pushmetrics step build -- make -j8\n"
    "  pushmetrics step test -- make check\n",
};

constexpr std::string_view nesting = "PUSHMETRICS_STEP=";

/// The environment with the name of this step, for the steps within it.
std::vector<std::string> step_environment(const std::string& name) {
  std::vector<std::string> environment;
  for (char** entry = ::environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with(nesting)) environment.emplace_back(*entry);
  environment.push_back(concat({nesting, name}));
  return environment;
}

/// `build/test` for `test` within the step `build`.
std::string full_name(const std::string& name) {
  const char* const outer = std::getenv("PUSHMETRICS_STEP");
  return outer == nullptr || !is_valid_step_name(outer) ? name : concat({outer, "/", name});
}

/// Where the steps are recorded; null: there is no run, or it keeps no file.
const char* record_path() {
  const char* const path = std::getenv("PUSHMETRICS_FILE");
  return path == nullptr || *path == '\0' || std::string_view(path) == "/dev/null" ? nullptr : path;
}

/// One run of a step's command.
class StepSession {
 public:
  StepSession(std::string name, std::vector<std::string> command, const Console& console)
      : console_(console),
        program_(command.front()),
        run_{std::move(name), ::getpid(), {}},
        supervisor_(loop_, {std::move(command), step_environment(run_.name)}) {}

  const Outcome& execute() {
    supervisor_.start();
    run_.started = supervisor_.started();
    attempt([this] { record(step_begin_line(run_)); });
    if (!attempt([this] { loop_.run_until([this] { return supervisor_.outcome().has_value(); }); }))
      supervisor_.wait_without_loop();
    const Outcome& outcome = *supervisor_.outcome();
    attempt([&] {
      record(step_end_line(run_, outcome.took, outcome.status() == 0));
      report(outcome);
    });
    return outcome;
  }

  /// Whatever goes wrong here, the command goes on to its end.
  template <typename Action>
  static bool attempt(Action action) {
    try {
      action();
      return true;
    } catch (const std::exception&) {
      write_message("pushmetrics: internal error in a step, which may not be measured: out of memory\n");
      return false;
    }
  }

 private:
  void record(const std::string& line) {
    const char* const path = record_path();
    if (path == nullptr || has_failed_) return;
    const auto recorded = append_to_job_metrics(path, line, AppendLock::none);
    if (recorded) {
      has_begun_ = true;
      return;
    }
    has_failed_ = true;
    const std::string step = concat({"step ", in_quotes(run_.name)});
    if (has_begun_ && recorded.failure().error_number == ENOENT)
      return console_.warn(concat({step, " ended after its run, which has reported it as failed"}));
    console_.warn(concat({step, " is not measured: PUSHMETRICS_FILE ", in_quotes(path),
                          " cannot be written: ", recorded.error()}));
  }

  void report(const Outcome& outcome) const {
    const std::string step = concat({"step ", in_quotes(run_.name), ": "});
    const bool has_run =
        outcome.ending == Outcome::Ending::exited || outcome.ending == Outcome::Ending::killed;
    if (!has_run) return console_.error(concat({step, in_quotes(program_), " ", outcome.describe()}));
    if (record_path() == nullptr)
      return console_.note(concat({step, "not measured: there is no 'pushmetrics run' around it"}));
    console_.note(concat({step, outcome.describe(), " after ", format_duration(outcome.took)}));
  }

  const Console& console_;
  std::string program_;
  StepRun run_;
  EventLoop loop_;
  Supervisor supervisor_;
  /// Its begin is recorded.
  bool has_begun_ = false;
  bool has_failed_ = false;
};

/// NAME and COMMAND, without the `--` that may stand between them; why not.
Result<std::pair<std::string, std::vector<std::string>>> name_and_command(std::vector<std::string> operands) {
  if (operands.empty())
    return Failure{"'step' needs a name and a command", "as in 'pushmetrics step build -- make'"};
  std::string name = std::move(operands.front());
  operands.erase(operands.begin());
  if (!operands.empty() && operands.front() == "--") operands.erase(operands.begin());
  if (operands.empty())
    return Failure{concat({"step ", in_quotes(name), " has no command"}),
                   "as in 'pushmetrics step build -- make'"};
  if (!is_valid_step_name(name))
    return Failure{concat({"invalid name of a step ", in_quotes(name), ": UTF-8 on one line is needed"})};
  return std::pair(std::move(name), std::move(operands));
}

int run_step(const std::vector<std::string>& arguments) {
  CommonOptions common;
  const OptionTable table{describe(common)};
  auto options = read_options("step", table, Operands::command, arguments);
  if (common.help)
    return write_all(STDOUT_FILENO, help_text(step_help, table)) ? exit_done : exit_not_delivered;
  const Console console = common.console();
  const auto refuse = [&](const Failure& failure) {
    console.error(concat({failure.message, "; the command was not run"}), failure.hint);
    return exit_run_usage;
  };
  if (!options) return refuse(options.failure());
  auto step = name_and_command(std::move(options->operands));
  if (!step) return refuse(step.failure());
  for (std::string& problem : options->problems) problem += "; ignored";
  Outcome outcome;
  {
    StepSession session(full_name(step->first), std::move(step->second), console);
    outcome = session.execute();
    StepSession::attempt([&] {
      for (const std::string& problem : options->problems) console.warn(problem);
    });
  }
  return end_like(outcome);
}

}  // namespace

int step_command(const std::vector<std::string>& arguments) {
  try {
    return run_step(arguments);
  } catch (const std::exception& error) {  // before the command runs: afterwards, none is let through
    Console(Verbosity::normal).error(concat({"the command was not run: ", error.what()}));
    return exit_run_usage;
  }
}

}  // namespace pushmetrics
