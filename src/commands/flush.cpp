#include "commands/flush.hpp"

#include "cli/delivery_options.hpp"
#include "cli/subcommand.hpp"
#include "commands/discard.hpp"
#include "delivery/other_spools.hpp"
#include "delivery/outbox.hpp"
#include "run/interrupted_runs.hpp"
#include "run/termination_signals.hpp"
#include "support/message_queue.hpp"
#include "support/text.hpp"
#include "watch/spool_watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp flush_help{
    "pushmetrics flush [options]",
    "Report interrupted runs, and deliver the spooled pushes of all targets.\n"
    "With --discard: drop pushes that no target will ever take, such as those for a\n"
    "mistyped URL.\n"
    "Exit status: 0 if the spool is empty, 1 if a push is still spooled or was lost.",
    "  pushmetrics flush\n"
    "  pushmetrics flush -v --spool /var/lib/pushmetrics\n"
    "  pushmetrics flush --watch\n"
    "  pushmetrics flush --discard --target http://gatway:9091\n",
};

struct FlushOptions {
  bool watch = false;
  bool until_empty = false;
  DiscardOptions discard;
  DeliveryOptions delivery;
  CommonOptions common;
};

OptionTable describe(FlushOptions& options) {
  constexpr auto this_call = OptionSpec::Scope::command_line_only;
  OptionSpec watch{"watch",  0, "", "stay, and deliver what is added to the spool", set(options.watch),
                   this_call};
  OptionSpec until_empty{
      "until-empty", 0, "", "with --watch: end when nothing waits", set(options.until_empty), this_call};
  OptionTable table{{"Spool", {watch, until_empty}}, describe(options.discard)};
  for (OptionGroup& group : describe(options.delivery)) table.push_back(std::move(group));
  table.push_back(describe(options.common));
  return table;
}

/// Shows on a terminal how far it has come.
class Progress {
 public:
  explicit Progress(std::size_t total) : total_(total), shown_(::isatty(STDERR_FILENO) != 0 && total > 0) {}
  ~Progress() {
    if (shown_) write_all(STDERR_FILENO, "\r\x1b[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step() {
    ++done_;
    if (shown_)
      write_all(STDERR_FILENO,
                concat({"\r\x1b[Kdelivered ", std::to_string(done_), " of ", std::to_string(total_)}));
  }

 private:
  std::size_t total_;
  std::size_t done_ = 0;
  bool shown_;
};

std::string waiting_words(std::size_t count, const std::string& directory) {
  return concat(
      {std::to_string(count), count == 1 ? " push still waits in " : " pushes still wait in ", directory});
}

/// Delivers to all targets side by side, and reports what does not arrive. The exit status.
int deliver_waiting(const DeliveryOptions& delivery, const Spool& spool, const Console& console) {
  EventLoop loop;
  HttpClient http(loop);
  std::vector<std::string> problems;
  const std::vector<Target> targets = make_targets(delivery, http, STDOUT_FILENO, problems);
  for (const std::string& problem : problems) console.warn(problem);
  const auto waiting = spool.look();
  Progress progress(waiting ? waiting->count : 0);
  int status = exit_done;
  const auto fail = [&](const std::string& sentence) {
    status = exit_not_delivered;
    console.error(sentence);
  };
  Outbox outbox(loop, targets, delivery.policy, spool, [&](SpoolNotice notice, const std::string& sentence) {
    if (notice == SpoolNotice::warning) return console.warn(sentence);
    if (notice != SpoolNotice::delivered) return fail(sentence);
    progress.step();
    console.note(sentence);
  });
  for (const Target& target : targets)
    outbox.flush(target, [&](const Backlog::Result& result) {
      const std::string left = waiting_words(result.waiting, spool.directory());
      if (result.unreachable)
        fail(concat({result.unreachable->describe_with_hint(), "; ", left}));
      else if (!result.problem.empty())
        fail(concat({target.name, ": ", result.problem, "; ", left}));
      else if (result.waiting > 0)
        fail(concat({target.name, ": ", left}));
    });
  loop.run_until([&] { return outbox.idle(); });
  return status;
}

/// Stays until a signal ends it, or nothing waits any more. The exit status.
int watch_spool(const FlushOptions& options, const Spool& spool, const Console& console) {
  EventLoop loop;
  MessageQueue messages(loop);
  SpoolWatch watch(loop, options.delivery, spool,
                   options.until_empty ? SpoolWatch::Until::empty : SpoolWatch::Until::ended, console);
  // The end of a process that cannot be seen from here, as in another container, wakes nobody. What is found waits in the
  // spool, which is watched.
  constexpr std::chrono::seconds interval(10);
  EventLoop::TimerId next_search = EventLoop::no_timer;
  const std::function<void()> search = [&] {
    report_interrupted_runs(spool, console);
    next_search = loop.call_at(EventLoop::Clock::now() + interval, search);
  };
  // A sidecar is ended as soon as its job's container is: what happened to that is seen now, or never.
  bool is_ending = false;
  TerminationSignals signals(loop, [&] {
    if (!std::exchange(is_ending, true)) report_interrupted_runs(spool, console);
    watch.end();
  });
  search();
  loop.run_until([&] { return watch.is_done(); });
  loop.cancel(next_search);
  if (signals.caught() != 0) {
    if (const auto waiting = spool.look(); waiting && waiting->count > 0)
      console.warn(waiting_words(waiting->count, spool.directory()));
  }
  constexpr std::chrono::seconds patience(1);
  messages.drain(patience, [] { return false; });
  if (watch.result() == SpoolWatch::Result::failed) return exit_not_delivered;
  const bool is_lost = watch.result() == SpoolWatch::Result::lost;
  return is_lost && signals.caught() == 0 ? exit_not_delivered : exit_done;
}

/// What is spooled elsewhere, as by jobs of another user or of a unit, is named: nobody is to believe that there is
/// nothing.
void name_other_spools(const Spool& spool, const Console& console) {
  for (const OtherSpool& other : find_other_spools(spool.directory()))
    console.warn(other.describe(), other.hint());
}

/// Delivers what waits now. The exit status.
int flush_once(FlushOptions& options, const Spool& spool, const Console& console) {
  report_interrupted_runs(spool, console);
  const auto found = spool.find_targets();
  // Of a directory that nobody named, it is a good sign that it is not there.
  if (!found && found.failure().error_number == ENOENT && options.delivery.spool_directory.empty()) {
    console.note(concat({"nothing waits in ", spool.directory()}));
    return exit_done;
  }
  if (!found) {
    console.error(concat({"the spool cannot be read: ", found.error()}));
    return exit_not_delivered;
  }
  for (const std::string& problem : found->problems) console.error(problem);
  int status = found->problems.empty() ? exit_done : exit_not_delivered;
  options.delivery.urls = waiting_targets(target_urls(options.delivery), found->names);
  if (!options.delivery.urls.empty())
    status = std::max(status, deliver_waiting(options.delivery, spool, console));
  else if (status == exit_done)
    console.note(concat({"nothing waits in ", spool.directory()}));
  static_cast<void>(spool.remove_mark());
  return status;
}

/// Options that do not go together; empty: they do.
Failure problem_of(const FlushOptions& options) {
  const DiscardOptions& discard = options.discard;
  if (options.until_empty && !options.watch)
    return {"--until-empty needs --watch", "without --watch, flush ends after one attempt anyway"};
  if (const std::string_view option = discard.misplaced(); !option.empty())
    return {concat({option, " needs --discard"}), "see 'pushmetrics flush --help'"};
  if (discard.is_given && options.watch) return {"--discard and --watch exclude each other"};
  if (discard.is_given && discard.targets.empty() && discard.conditions.empty())
    return {"--discard needs --target GLOB or --match NAME=GLOB", "--target '*' selects every push"};
  if (options.delivery.no_spool) return {"--no-spool leaves nothing to flush"};
  return {};
}

}  // namespace

int flush_command(const std::vector<std::string>& arguments) {
  FlushOptions options;
  const Beginning beginning =
      begin_subcommand("flush", flush_help, describe(options), Operands::none, options.common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = options.common.console();
  if (const Failure problem = problem_of(options); !problem.message.empty()) {
    console.error(problem.message, problem.hint);
    return exit_usage;
  }
  const Spool spool = *options.delivery.spool();
  if (options.discard.is_given) return discard_pushes(options.discard, spool, console);
  if (options.watch) return watch_spool(options, spool, console);
  const int status = flush_once(options, spool, console);
  if (!is_on_command_line(beginning.sources, "spool")) name_other_spools(spool, console);
  return status;
}

}  // namespace pushmetrics
