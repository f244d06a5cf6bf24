#include "commands/flush.hpp"

#include "cli/delivery_options.hpp"
#include "cli/subcommand.hpp"
#include "delivery/outbox.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp manual{
    "pushmetrics flush [options]",
    "Delivers the pushes that wait in the spool, to whatever targets they are for.\n"
    "Exit status: 0 nothing waits any more, 1 something still does or is lost.",
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

/// The targets that something waits for: with the credentials of those that are configured, and the others by
/// the URL that the spool knows.
void add_waiting_targets(DeliveryOptions& delivery, const Spool& spool) {
  const std::vector<std::string> waiting = spool.targets();
  const auto is_idle = [&](const TargetUrl& url) {
    return std::ranges::find(waiting, url.name) == waiting.end();
  };
  std::erase_if(delivery.urls, is_idle);
  for (const std::string& name : waiting) {
    if (std::ranges::find(delivery.urls, name, &TargetUrl::name) != delivery.urls.end()) continue;
    auto url = parse_target_url(name);
    if (!url) continue;
    url->name = name;  // `otlp:` has another, once its environment makes sense
    delivery.urls.push_back(std::move(*url));
  }
}

}  // namespace

int flush_command(const std::vector<std::string>& arguments) {
  DeliveryOptions delivery;
  CommonOptions common;
  OptionTable table = describe(delivery);
  table.push_back(describe(common));
  const Beginning beginning = begin_subcommand("flush", manual, table, Operands::none, common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = common.console();
  const auto spool = delivery.spool();
  if (!spool) {
    console.error("--no-spool leaves nothing to flush");
    return exit_usage;
  }
  add_waiting_targets(delivery, *spool);
  if (delivery.urls.empty()) {
    console.note(concat({"nothing waits in ", spool->directory()}));
    return exit_done;
  }

  EventLoop loop;
  HttpClient http(loop);
  std::vector<std::string> problems;
  const std::vector<Target> targets = make_targets(delivery, http, STDOUT_FILENO, problems);
  for (const std::string& problem : problems) console.warn(problem);
  std::size_t total = 0;
  for (const Target& target : targets) total += spool->waiting(target.name).size();

  int status = exit_done;
  {
    Progress progress(total);
    Outbox outbox(loop, targets, delivery.policy, spool,
                  {[&](const std::string& text) {
                     status = exit_not_delivered;
                     console.error(text);
                   },
                   [&](const std::string& text) {
                     progress.step();
                     console.note(text);
                   }});
    for (const Target& target : targets)
      outbox.flush(target, [&](const Delivery* failed) {
        if (failed == nullptr) return;
        status = exit_not_delivered;
        const std::size_t waiting = spool->waiting(target.name).size();
        console.error(
            concat({failed->describe(), "; ", std::to_string(waiting),
                    waiting == 1 ? " push still waits in " : " pushes still wait in ", spool->directory()}));
      });
    loop.run_until([&] { return outbox.idle(); });
  }
  return status;
}

}  // namespace pushmetrics
