#include "cli/selection_options.hpp"
#include "cli/subcommand.hpp"
#include "cli/table.hpp"
#include "commands/group_commands.hpp"
#include "commands/list_watch.hpp"
#include "groups/group_client.hpp"
#include "groups/group_json.hpp"
#include "groups/group_state.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp list_help{
    "pushmetrics list [options]",
    "List the groups on the gateway: grouping key, age of the last push, state, and\n"
    "for jobs run by pushmetrics also result, duration and last success.",
    "  pushmetrics list --url http://pushgateway:9091 --sort state\n"
    "  pushmetrics list --match 'job=backup-*' --match 'instance!=' --json\n"
    "  pushmetrics list --watch --sort state\n",
};

enum class Order { group, age, state, duration };

struct ListOptions {
  GroupFilter filter;
  Order order = Order::group;
  std::optional<std::string> prefix;
  bool json = false;
  /// `--watch`.
  std::optional<Duration> interval;
  DeliveryOptions delivery;
  CommonOptions common;
};

Store into_interval(std::optional<Duration>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    constexpr std::chrono::milliseconds least(100);
    const auto interval = parse_duration(values.back());
    if (!interval) return interval.failure();
    if (*interval < least)
      return Failure{concat({"interval ", in_quotes(values.back()), " is too short: the least is 100ms"})};
    place = *interval;
    return {};
  };
}

Store into_order(Order& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    constexpr std::array<std::pair<std::string_view, Order>, 4> orders{{{"group", Order::group},
                                                                        {"age", Order::age},
                                                                        {"state", Order::state},
                                                                        {"duration", Order::duration}}};
    const auto order = std::ranges::find(orders, values.back(), &std::pair<std::string_view, Order>::first);
    if (order == orders.end())
      return Failure{
          concat({"unknown order ", in_quotes(values.back()), ": write group, age, state or duration"})};
    place = order->second;
    return {};
  };
}

OptionTable describe(ListOptions& options) {
  OptionSpec sort{"sort",
                  0,
                  "BY",
                  "group (default), age (latest push first), state (worst first) or duration (longest "
                  "first)",
                  into_order(options.order),
                  OptionSpec::Scope::command_line_only};
  OptionSpec prefix{"prefix", 0, "PREFIX", "only metrics with this prefix, as given to run (default: any)",
                    into(options.prefix)};
  OptionSpec watch{"watch",
                   0,
                   "INTERVAL",
                   "show them again and again, every INTERVAL (2s)",
                   into_interval(options.interval),
                   OptionSpec::Scope::command_line_only};
  watch.implied_value = "2s";
  OptionTable table{
      {"Groups", {describe_match(options.filter), sort, prefix, describe_json(options.json), watch}}};
  for (OptionGroup& group : describe(options.delivery)) table.push_back(std::move(group));
  table.push_back(describe(options.common));
  return table;
}

void sort_groups(Listing& listing, Order order) {
  std::ranges::sort(listing.groups, {}, &GroupSnapshot::labels);
  const auto by = [&](auto key) { std::ranges::stable_sort(listing.groups, std::greater{}, key); };
  switch (order) {
    case Order::group: return;
    case Order::age:
      return by([](const GroupSnapshot& group) { return group.last_push.value_or(GroupSnapshot::Time()); });
    case Order::state: return by([&](const GroupSnapshot& group) { return state_of(group, listing.now); });
    case Order::duration:
      return by([](const GroupSnapshot& group) { return group.duration_seconds.value_or(-1); });
  }
}

Style style_of(GroupState state) {
  switch (state) {
    case GroupState::ok: return Style::good;
    case GroupState::running: return Style::busy;
    case GroupState::overdue: return Style::warning;
    case GroupState::failed:
    case GroupState::interrupted:
    case GroupState::push_failed: return Style::bad;
  }
  return Style::plain;
}

std::string seconds_words(const std::optional<double>& seconds) {
  constexpr double longest = 1e9;
  if (!seconds || !(*seconds >= 0 && *seconds < longest)) return "";
  return format_duration(from_seconds(*seconds));
}

std::string format_groups(const Listing& listing) {
  std::vector<std::vector<Cell>> rows;
  for (const GroupSnapshot& group : listing.groups) {
    const GroupState state = state_of(group, listing.now);
    std::optional<double> since_success;
    if (group.last_success_seconds)
      since_success = std::max(0.0, to_unix_seconds(listing.now) - *group.last_success_seconds);
    const std::string result = !group.success ? "" : *group.success == 1 ? "yes" : "no";
    rows.push_back({{group.labels.to_string()},
                    {age_words(group.last_push, listing.now)},
                    {std::string(to_string(state)), style_of(state)},
                    {result, result == "no" ? Style::bad : Style::plain},
                    {seconds_words(group.duration_seconds)},
                    {seconds_words(since_success)}});
  }
  return format_table({"GROUP", "LAST PUSH", "STATE", "SUCCESS", "DURATION", "LAST SUCCESS"}, rows,
                      shows_colours(STDOUT_FILENO) ? Colours::ansi : Colours::none);
}

/// The groups of all targets, now.
ListedGroups list_groups(GroupClient& client, const ListOptions& options) {
  GroupDocument document;
  ListedGroups listed;
  for (const GroupPlace& place : client.places()) {
    document.begin_target(place.target);
    auto listing = client.list(place, options.prefix);
    if (!listing) {
      document.set_error(listing.error());
      listed.errors.push_back(listing.failure());
      continue;
    }
    std::erase_if(listing->groups,
                  [&](const GroupSnapshot& group) { return !options.filter.matches(group.labels); });
    sort_groups(*listing, options.order);
    if (options.json) {
      for (const GroupSnapshot& group : listing->groups) document.add_listed(group, listing->now);
      continue;
    }
    if (client.places().size() > 1)
      listed.text.append(listed.text.empty() ? "" : "\n").append(place.target).append(":\n");
    listed.text += format_groups(*listing);
  }
  if (options.json) listed.text = document.text();
  return listed;
}

}  // namespace

int list_command(const std::vector<std::string>& arguments) {
  ListOptions options;
  const Beginning beginning =
      begin_subcommand("list", list_help, describe(options), Operands::none, options.common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = options.common.console();
  GroupClient client(options.delivery, console);
  const auto list = [&] { return list_groups(client, options); };
  if (options.interval) return watch_groups(client, *options.interval, !options.json, list, console);
  const ListedGroups listed = list();
  for (const Failure& failure : listed.errors) console.error(failure.message, failure.hint);
  const int printed = print_result(listed.text, console);
  return listed.errors.empty() ? printed : exit_not_delivered;
}

}  // namespace pushmetrics
