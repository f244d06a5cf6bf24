#include "app/run.hpp"

#include "app/cli.hpp"
#include "app/help.hpp"
#include "delivery/courier.hpp"
#include "job/contributed.hpp"
#include "job/contributed_file.hpp"
#include "job/supervisor.hpp"
#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace pushmetrics {
namespace {

constexpr Manual manual{
    "pushmetrics run [options] [--] COMMAND [ARG...]",
    "Runs COMMAND and pushes how it went: duration, success, exit code, timestamps,\n"
    "CPU time, memory, and what it adds itself to the file $PUSHMETRICS_FILE.\n"
    "The exit status is the COMMAND's, whatever becomes of the push.",
    "  pushmetrics run -- ./backup.sh /srv\n"
    "  pushmetrics run --url http://pushgateway:9091 -j backup -l tier=db -- ./backup.sh\n"
    "  pushmetrics run --timeout 2h --expect-every 1d --shell 'pg_dump shop | gzip >shop.gz'\n",
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

/// `http://user:secret@host` without the user and the secret.
std::string without_credentials(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const std::size_t start = scheme + 3;
  const std::string_view authority = url.substr(start, url.find_first_of("/?# \t\r\n", start) - start);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return concat({url.substr(0, start), url.substr(start + at + 1)});
}

/// pushmetrics' own secrets are not the job's: passwords stay out of its environment.
std::vector<std::string> job_environment(const ContributedFile* file) {
  constexpr std::array<std::string_view, 3> dropped{
      "PUSHMETRICS_PASSWORD=", "PUSHMETRICS_BEARER_TOKEN=", "PUSHMETRICS_FILE="};
  constexpr std::array<std::string_view, 2> urls{"PUSHMETRICS_URL=", "PUSHGATEWAY_URL="};
  std::vector<std::string> environment;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto begins_text = [&](std::string_view name) { return text.starts_with(name); };
    if (std::ranges::any_of(dropped, begins_text)) continue;
    if (std::ranges::none_of(urls, begins_text)) {
      environment.emplace_back(text);
      continue;
    }
    std::string variable(text.substr(0, text.find('=') + 1));
    std::string_view separator;
    for (const std::string_view url : split(text.substr(variable.size()), " \t\r\n")) {
      variable.append(separator).append(without_credentials(url));
      separator = " ";
    }
    environment.push_back(std::move(variable));
  }
  if (file != nullptr) environment.push_back("PUSHMETRICS_FILE=" + file->path());
  return environment;
}

std::vector<std::string> job_command(const RunOptions& options, std::vector<std::string> operands) {
  if (!options.shell) return operands;
  operands.insert(operands.begin(), {"/bin/sh", "-c", *options.shell});
  return operands;
}

JobSpec job_spec(const RunOptions& options, std::vector<std::string> command, const ContributedFile* file) {
  JobSpec spec;
  spec.command = std::move(command);
  spec.environment = job_environment(file);
  spec.time_limit = options.time_limit;
  spec.time_limit_signal = options.time_limit_signal;
  spec.kill_after = options.kill_after;
  return spec;
}

/// Ends as the job did. A first process cannot die of a signal, so its status tells (128+n).
int end_like(const Outcome& outcome) {
  constexpr int timed_out = 124;
  if (outcome.timed_out) return timed_out;
  if (outcome.ending == Outcome::Ending::killed && ::getpid() != 1) die_of_signal(outcome.number);
  return outcome.status();
}

/// One run: the job first, then its push.
class Run {
 public:
  Run(const RunOptions& options, GroupingKey group, std::vector<std::string> command)
      : options_(options),
        console_(options.common.console()),
        group_(std::move(group)),
        file_(ContributedFile::create()),
        supervisor_(loop_, job_spec(options, std::move(command), file_ ? &*file_ : nullptr)),
        http_(loop_) {}

  struct Result {
    Outcome outcome;
    bool pushed = false;
  };
  Result execute(const std::vector<std::string>& problems) {
    supervisor_.start();
    bool pushed = false;
    try {
      if (!options_.dry_run) HttpClient::preload();
      say_what_was_noticed(problems);
      loop_.run_until([this] { return supervisor_.outcome().has_value(); });
      pushed = push();
    } catch (const std::exception& error) {
      // Whatever goes wrong here, the job goes on to its end, and its status is handed on.
      console_.error(concat({job_words(), "internal error: ", error.what()}));
      loop_.run_until([this] { return supervisor_.outcome().has_value(); });
    }
    return {*supervisor_.outcome(), pushed};
  }

 private:
  /// Only now, with the job on its way.
  void say_what_was_noticed(const std::vector<std::string>& problems) const {
    for (const std::string& problem : problems) console_.warn(concat({problem, "; ignored"}));
    warn_of_high_cardinality(group_, options_.group, console_);
    if (!file_)
      console_.note(concat({"the job cannot add metrics: no PUSHMETRICS_FILE, as ", file_.error()}));
  }

  std::string job_words() const { return concat({"job '", printable(group_.job()), "': "}); }

  bool push();
  std::vector<Family> additions(const std::vector<Family>& own) const;
  bool deliver(const std::vector<Family>& own, const std::vector<Family>& added);
  void tell(const Delivery& delivery) const;
  Push push_of(const std::vector<Family>& families) const;

  const RunOptions& options_;
  Console console_;
  EventLoop loop_;
  GroupingKey group_;
  pushmetrics::Result<ContributedFile> file_;
  Supervisor supervisor_;
  HttpClient http_;
};

/// Pushes the run's own metrics with those that --metric and the job added. True if every target has them.
bool Run::push() {
  const Outcome& outcome = *supervisor_.outcome();
  console_.note(concat({job_words(), outcome.words(), " after ", format_duration(outcome.took)}));
  const std::vector<Family> own = report(outcome, options_.report);
  const std::vector<Family> added = additions(own);
  if (!options_.dry_run) return deliver(own, added);
  write_all(STDERR_FILENO,
            concat({"# ", group_.to_string(), "\n", write_exposition(own), write_exposition(added)}));
  return true;
}

std::vector<Family> Run::additions(const std::vector<Family>& own) const {
  std::vector<Family> known = own;
  merge_into(known, options_.metrics);
  const auto contents = file_ ? file_->read() : Error{""};
  Contributed contributed;
  if (contents)
    contributed = read_contributed(contents->text, known);
  else if (file_)
    contributed.warnings.push_back(contents.error());
  if (contents && contents->cut)
    contributed.warnings.push_back(
        concat({"only the first ", std::to_string(ContributedFile::size_limit >> 20), " MiB count"}));
  for (const std::string& warning : contributed.warnings)
    console_.warn(concat({job_words(), "its own metrics in PUSHMETRICS_FILE: ", warning}));
  std::vector<Family> added = options_.metrics;
  merge_into(added, std::move(contributed.families));
  return added;
}

Push Run::push_of(const std::vector<Family>& families) const {
  return {group_, PushMode::add, write_exposition(families), supervisor_.outcome()->ended};
}

bool Run::deliver(const std::vector<Family>& own, const std::vector<Family>& added) {
  std::vector<std::string> problems;
  const std::vector<Target> targets = make_targets(options_.delivery, http_, STDERR_FILENO, problems);
  for (const std::string& problem : problems) console_.warn(problem);

  std::size_t delivered = 0;
  Courier courier(loop_, targets, options_.delivery.policy);
  const auto on_delivery = [&](const Delivery& delivery) {
    if (delivery.delivered()) ++delivered;
    tell(delivery);
  };
  std::vector<Family> all = own;
  all.insert(all.end(), added.begin(), added.end());
  courier.send(push_of(all), [&](const Delivery& delivery) {
    if (added.empty() || delivery.verdict.status != 400) return on_delivery(delivery);
    // Whatever was wrong with what others added, the run's own metrics are not to be lost by it.
    console_.error(
        concat({job_words(), "the metrics that it or --metric added are lost: ", delivery.words()}));
    courier.send_to(*delivery.target, push_of(own), on_delivery);
  });
  supervisor_.when_asked_to_end([&] { courier.give_up("told to end"); });
  loop_.run_until([&] { return courier.idle(); });
  supervisor_.when_asked_to_end(nullptr);
  return delivered == targets.size();
}

void Run::tell(const Delivery& delivery) const {
  if (delivery.delivered())
    console_.note(
        concat({job_words(), "pushed to ", delivery.target->name, " in ", format_duration(delivery.took)}));
  else
    console_.error(
        concat({job_words(), supervisor_.outcome()->words(), ", but the push is lost: ", delivery.words()}));
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
  options.report.resources = !options.no_resources;
  options.report.has_time_limit = options.time_limit.has_value();
  for (const Family& own : report({}, options.report))
    for (const Family& added : options.metrics)
      if (added.name == own.name) {
        console.error(
            concat({"--metric: ", own.name, " is one of the run's own metrics; the job was not run"}));
        return exit_run_usage;
      }
  auto group = make_group(options.group, default_job(options, command));
  if (!group) {
    console.error(concat({group.error(), "; the job was not run"}));
    return exit_run_usage;
  }
  // The run, with its file, is gone before pushmetrics perhaps dies of the job's signal.
  const Run::Result result = Run(options, std::move(*group), std::move(command)).execute(reading->problems);
  if (options.require_push && !result.pushed && is_success(result.outcome, options.report))
    return exit_run_usage;
  return end_like(result.outcome);
}

}  // namespace pushmetrics
