#include "commands/flush.hpp"

#include "cli/delivery_options.hpp"
#include "cli/subcommand.hpp"
#include "delivery/outbox.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp flush_help{
    "pushmetrics flush [options]",
    "Deliver the spooled pushes of all targets.\n"
    "Exit status: 0 if the spool is empty, 1 if a push is still spooled or was lost.",
    "  pushmetrics flush\n"
    "  pushmetrics flush -v --spool /var/lib/pushmetrics\n",
};

/// One after the other tells on a terminal how far it has come.
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

/// The targets that something waits for: those that are configured, and others by the URL that the spool knows.
std::vector<TargetUrl> waiting_targets(std::vector<TargetUrl> configured,
                                       const std::vector<std::string>& waiting) {
  const auto is_idle = [&](const TargetUrl& url) {
    return std::ranges::find(waiting, url.name) == waiting.end();
  };
  std::vector<TargetUrl> urls = std::move(configured);
  std::erase_if(urls, is_idle);
  for (const std::string& name : waiting) {
    if (std::ranges::find(urls, name, &TargetUrl::name) != urls.end()) continue;
    auto url = parse_target_url(name);
    if (!url) continue;
    url->name = name;  // `otlp:` has another, once its environment makes sense
    url->is_configured = false;
    urls.push_back(std::move(*url));
  }
  return urls;
}

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
        fail(concat({result.unreachable->describe(), "; ", left}));
      else if (!result.problem.empty())
        fail(concat({target.name, ": ", result.problem, "; ", left}));
      else if (result.waiting > 0)
        fail(concat({target.name, ": ", left}));
    });
  loop.run_until([&] { return outbox.idle(); });
  return status;
}

}  // namespace

int flush_command(const std::vector<std::string>& arguments) {
  DeliveryOptions delivery;
  CommonOptions common;
  OptionTable table = describe(delivery);
  table.push_back(describe(common));
  const Beginning beginning = begin_subcommand("flush", flush_help, table, Operands::none, common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = common.console();
  const auto spool = delivery.spool();
  if (!spool) {
    console.error("--no-spool leaves nothing to flush");
    return exit_usage;
  }
  const auto found = spool->find_targets();
  // Of a directory that nobody named, it is a good sign that it is not there.
  if (!found && found.failure().error_number == ENOENT && delivery.spool_directory.empty()) {
    console.note(concat({"nothing waits in ", spool->directory()}));
    return exit_done;
  }
  if (!found) {
    console.error(concat({"the spool cannot be read: ", found.error()}));
    return exit_not_delivered;
  }
  for (const std::string& problem : found->problems) console.error(problem);
  const int status = found->problems.empty() ? exit_done : exit_not_delivered;
  delivery.urls = waiting_targets(target_urls(delivery), found->names);
  if (delivery.urls.empty()) {
    if (status == exit_done) console.note(concat({"nothing waits in ", spool->directory()}));
    return status;
  }
  return std::max(status, deliver_waiting(delivery, *spool, console));
}

}  // namespace pushmetrics
