#include "cli/selection_options.hpp"
#include "cli/subcommand.hpp"
#include "commands/group_commands.hpp"
#include "groups/removal_report.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp prune_help{
    "pushmetrics prune --older-than D [options]",
    "Delete groups whose last push, successful or not, is older than D, and print\n"
    "each. Safe to run from cron, and on several machines: a group that was pushed\n"
    "again in the meantime is kept.",
    "  pushmetrics prune --older-than 30d --match 'job=ci-*'\n"
    "  pushmetrics prune --older-than 7d --keep-newest 3 --dry-run\n",
};

struct PruneOptions {
  std::optional<Duration> older_than;
  std::size_t keep_newest = 0;
  GroupFilter filter;
  RemovalOptions removal;
  DeliveryOptions delivery;
  CommonOptions common;
};

OptionTable describe(PruneOptions& options) {
  OptionSpec older{"older-than", 0, "D", "minimum age of the last push (90s, 12h, 7d); required",
                   into(options.older_than)};
  OptionSpec keep{"keep-newest", 0, "N", "keep the newest N groups of each job, at any age",
                  [&options](const std::vector<std::string>& values) -> Stored {
                    const auto number = parse_integer(values.back(), 0, 1'000'000'000);
                    if (!number) return Failure{number.error()};
                    options.keep_newest = static_cast<std::size_t>(*number);
                    return {};
                  }};
  OptionTable table{{"Groups",
                     {older, keep, describe_match(options.filter), describe_dry_run(options.removal.dry_run),
                      describe_json(options.removal.json)}}};
  for (OptionGroup& group : describe(options.delivery)) table.push_back(std::move(group));
  table.push_back(describe(options.common));
  return table;
}

/// The groups to delete, the oldest first. Those whose time is not known are kept.
std::vector<GroupSnapshot> select_old(const Listing& listing, const PruneOptions& options) {
  std::vector<GroupSnapshot> groups = listing.groups;
  std::erase_if(groups, [&](const GroupSnapshot& group) {
    return !options.filter.matches(group.labels) || !group.last_touched();
  });
  std::ranges::sort(groups, [](const GroupSnapshot& a, const GroupSnapshot& b) {
    return std::pair(a.last_touched(), a.labels) > std::pair(b.last_touched(), b.labels);
  });
  std::map<std::string, std::size_t, std::less<>> newer_of_job;
  std::erase_if(groups, [&](const GroupSnapshot& group) {
    const bool is_kept = newer_of_job[std::string(group.labels.job())]++ < options.keep_newest;
    return is_kept || listing.now - *group.last_touched() <= *options.older_than;
  });
  std::ranges::reverse(groups);
  return groups;
}

/// Those of `groups` that are there as they were, in their order.
std::vector<GroupSnapshot> untouched(const std::vector<GroupSnapshot>& groups, const Listing& again) {
  std::vector<std::pair<GroupLabels, GroupSnapshot::Time>> present;
  for (const GroupSnapshot& group : again.groups)
    if (group.last_touched()) present.emplace_back(group.labels, *group.last_touched());
  std::ranges::sort(present);
  std::vector<GroupSnapshot> left;
  std::ranges::copy_if(groups, std::back_inserter(left), [&](const GroupSnapshot& group) {
    return std::ranges::binary_search(present, std::pair(group.labels, *group.last_touched()));
  });
  return left;
}

void prune(GroupClient& session, const GroupPlace& place, const PruneOptions& options,
           RemovalReport& report) {
  const auto listing = session.list(place);
  report.begin_target(place.target, listing ? listing->now : std::chrono::system_clock::now());
  if (!listing)
    return report.fail(concat({listing.error(), "; nothing was deleted"}), listing.failure().hint);
  const std::vector<GroupSnapshot> groups = select_old(*listing, options);
  if (options.removal.dry_run) return remove_groups(session, place, groups, options.removal, report);
  // Whether a group was pushed again is looked up soon before its deletion, but not for each alone: the API
  // knows only of all groups at once.
  constexpr std::size_t batch_size = 1000;
  for (std::size_t begin = 0; begin < groups.size(); begin += batch_size) {
    const std::size_t end = std::min(begin + batch_size, groups.size());
    const auto again = session.list(place);
    if (!again) return report.fail(concat({again.error(), "; the rest was not deleted"}));
    const auto first = groups.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = groups.begin() + static_cast<std::ptrdiff_t>(end);
    remove_groups(session, place, untouched({first, last}, *again), options.removal, report);
  }
  report.end_target();
}

}  // namespace

int prune_command(const std::vector<std::string>& arguments) {
  PruneOptions options;
  const Beginning beginning =
      begin_subcommand("prune", prune_help, describe(options), Operands::none, options.common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = options.common.console();
  if (!options.older_than) {
    console.error("--older-than D is missing: how old a group must be to be deleted, such as 7d");
    return exit_usage;
  }
  GroupClient session(options.delivery, console);
  RemovalReport report(options.removal, console);
  for (const GroupPlace& place : session.places()) prune(session, place, options, report);
  return report.finish();
}

}  // namespace pushmetrics
