#include "commands/list_watch.hpp"

#include "cli/screen.hpp"
#include "cli/subcommand.hpp"
#include "cli/table.hpp"
#include "run/termination_signals.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <optional>

namespace pushmetrics {
namespace {

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  char text[16];
  return ::localtime_r(&now, &local) != nullptr && std::strftime(text, sizeof text, "%H:%M:%S", &local) != 0
             ? text
             : "";
}

std::vector<std::string> screen_lines(const ListedGroups& groups, Duration interval) {
  const Colours colours = shows_colours(STDOUT_FILENO) ? Colours::ansi : Colours::none;
  std::vector<std::string> lines{
      concat({time_of_day(), ", every ", format_duration(interval), "; Ctrl-C ends"})};
  for (const Failure& failure : groups.errors) lines.push_back(styled(failure.message, Style::bad, colours));
  std::string_view text = groups.text;
  if (!text.empty()) lines.emplace_back();
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return lines;
}

class Watch {
 public:
  Watch(GroupClient& client, Duration interval, const std::function<ListedGroups()>& list,
        const Console& console)
      : client_(client), interval_(interval), list_(list), console_(console) {}

  int run(bool redraws) {
    TerminationSignals signals(client_.loop(), [this] { end(exit_done); });
    if (redraws) screen_.emplace(client_.loop(), [this] { draw(); });
    show();
    client_.loop().run_until([this] { return status_.has_value(); });
    client_.loop().cancel(timer_);
    screen_.reset();  // before the signals that ended it are let through
    return status_.value_or(exit_done);
  }

 private:
  void end(int status) {
    if (!status_) status_ = status;
    client_.end_waits();
  }

  void show() {
    ListedGroups listed = list_();
    if (status_) return;
    if (screen_) {
      lines_ = screen_lines(listed, interval_);
      draw();
    } else {
      print(listed);
    }
    timer_ = client_.loop().call_at(EventLoop::Clock::now() + interval_, [this] { show(); });
  }

  void draw() {
    const auto rest = [](std::size_t count) {
      return concat({"... and ", std::to_string(count), " more lines"});
    };
    if (!screen_->draw(lines_, rest)) end(exit_not_delivered);
  }

  /// One below the other, with an empty line between them.
  void print(const ListedGroups& listed) {
    for (const Failure& failure : listed.errors) console_.error(failure.message, failure.hint);
    const std::string text = (is_first_ || listed.text.empty() ? "" : "\n") + listed.text;
    if (!listed.text.empty()) is_first_ = false;
    if (const int status = print_result(text, console_); status != exit_done) end(status);
  }

  GroupClient& client_;
  Duration interval_;
  const std::function<ListedGroups()>& list_;
  const Console& console_;
  std::optional<Screen> screen_;
  std::vector<std::string> lines_;
  bool is_first_ = true;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
  std::optional<int> status_;
};

}  // namespace

int watch_groups(GroupClient& client, Duration interval, bool may_redraw,
                 const std::function<ListedGroups()>& list, const Console& console) {
  return Watch(client, interval, list, console).run(may_redraw && Screen::is_possible());
}

}  // namespace pushmetrics
