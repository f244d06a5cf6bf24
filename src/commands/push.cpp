#include "commands/push.hpp"

#include "cli/delivery_options.hpp"
#include "cli/group_options.hpp"
#include "cli/subcommand.hpp"
#include "commands/metrics_input.hpp"
#include "delivery/outbox.hpp"
#include "delivery/rejected_pushes.hpp"
#include "job/signals.hpp"
#include "run/interrupted_reports.hpp"
#include "run/termination_signals.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp push_help{
    "pushmetrics push [options] [FILE...]",
    "Push metrics from files or standard input: Prometheus text, OpenMetrics or JSON.\n"
    "Validates all input first; if any is invalid, nothing is sent (exit status 3).",
    "  echo 'records_processed 4711' | pushmetrics push -j etl\n"
    "  pushmetrics push -j etl -l stage=load -m rows=4711 -m 'errors{kind=\"dup\"}=3'\n"
    "  pushmetrics push -j inventory --replace hosts.prom disks.prom\n",
};

struct PushOptions {
  GroupOptions group;
  InputOptions input;
  DeliveryOptions delivery;
  CommonOptions common;
  bool replace = false;
  bool allow_empty = false;
  bool dry_run = false;
};

OptionTable describe(PushOptions& options) {
  OptionGroup input = describe(options.input);
  OptionSpec replace{"replace", 0, "", "replace the whole group (PUT), not only families of the same name",
                     set(options.replace)};
  OptionSpec allow_empty{"allow-empty", 0, "", "push even if there is no sample", set(options.allow_empty)};
  OptionSpec dry_run{"dry-run",
                     0,
                     "",
                     "print the push, and send nothing",
                     set(options.dry_run),
                     OptionSpec::Scope::command_line_only};
  for (OptionSpec* option : {&replace, &allow_empty, &dry_run}) input.options.push_back(std::move(*option));
  OptionTable table{describe(options.group), std::move(input)};
  for (OptionGroup& group : describe(options.delivery)) table.push_back(std::move(group));
  table.push_back(describe(options.common));
  return table;
}

/// Sends to every target and reports how it went. The exit status.
int deliver(const SharedPush& push, const DeliveryOptions& options, const Console& console) {
  EventLoop loop;
  HttpClient http(loop, options.tls_setup());
  std::vector<std::string> problems;
  const std::vector<Target> targets = make_targets(options, http, STDOUT_FILENO, problems);
  for (const std::string& problem : problems) console.warn(problem);

  int status = exit_done;
  const std::string job = concat({"job ", in_quotes(push->group.job()), ": "});
  Outbox outbox(loop, targets, options.policy, options.spool(), report_of_spool(console));
  RejectedPushes rejected;
  const auto on_result = [&](const PushResult& result) {
    rejected.add(result, *push);
    if (result.status == PushResult::Status::delivered) {
      if (const std::string& warning = result.delivery.last_attempt.reason; !warning.empty())
        console.warn(concat({job, result.target->name, ": ", warning}));
      return console.note(concat({job, "pushed to ", result.target->name}));
    }
    status = exit_not_delivered;
    const Failure failure = result.failure();
    if (result.status == PushResult::Status::spooled)
      console.warn(concat({job, failure.message}), failure.hint);
    else
      console.error(concat({job, failure.message}), failure.hint);
  };
  // What is given up goes to the spool.
  std::optional<TerminationSignals> signals(std::in_place, loop,
                                            [&] { outbox.give_up("interrupted by a signal"); });
  for (const Target& target : targets) {
    if (push->mode == PushMode::add || target.sink->capabilities().replace) {
      outbox.send_to(target, push, on_result);
    } else {
      status = exit_not_delivered;
      console.error(concat({job, target.name, " cannot replace a group: push without --replace"}));
    }
  }
  loop.run_until([&] { return outbox.idle(); });
  const int number = signals->caught();
  signals.reset();
  if (number != 0) die_of_signal(number);
  if (const std::string hint = default_target_hint(options); status != exit_done && !hint.empty())
    console.warn(concat({job, "no URL is given"}), hint);
  rejected.explain(loop, options.policy.push_timeout, [&](const std::string& why) {
    console.error(concat({job, why}));
  });
  report_interrupted_runs_at_end(loop, options, targets, console);
  return status;
}

}  // namespace

int push_command(const std::vector<std::string>& arguments) {
  PushOptions options;
  const OptionTable table = describe(options);
  const Beginning beginning =
      begin_subcommand("push", push_help, table, Operands::files, options.common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = options.common.console();
  const auto group = make_group(options.group, "");
  if (!group) {
    console.error(group.error(), group.failure().hint);
    return exit_usage;
  }
  warn_of_high_cardinality(*group, options.group, console);

  warn_of_terminal(options.input, beginning.operands, console);
  MetricsInput input(options.input, beginning.operands, &*group);
  write_all(STDERR_FILENO, input.diagnostics(console.verbosity()));
  if (!input.valid()) {
    console.error(
        concat({"job ", in_quotes(group->job()), ": the input is invalid (above); nothing was sent"}));
    return exit_invalid_input;
  }
  if (input.samples() == 0 && !options.allow_empty) {
    console.error(concat({"job ", in_quotes(group->job()), ": the input holds no sample; nothing was sent"}),
                  "--allow-empty pushes it all the same");
    return exit_invalid_input;
  }
  std::string body = std::move(input).take_body();
  if (options.dry_run) return print_result(concat({"# ", group->to_string(), "\n", body}), console);
  const PushMode mode = options.replace ? PushMode::replace : PushMode::add;
  const auto push =
      std::make_shared<const Push>(Push{*group, mode, std::move(body), std::chrono::system_clock::now()});
  return deliver(push, options.delivery, console);
}

}  // namespace pushmetrics
