#include "cli/group_options.hpp"
#include "cli/selection_options.hpp"
#include "cli/subcommand.hpp"
#include "commands/group_commands.hpp"
#include "groups/removal_report.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

constexpr CommandHelp delete_help{
    "pushmetrics delete --job NAME [-i NAME] [-l NAME=VALUE]... [options]\n"
    "       pushmetrics delete --match NAME=GLOB... [options]",
    "Delete one group, or every group that matches, and print each. Any group that\n"
    "'pushmetrics list' shows can be selected, including one with an empty instance\n"
    "(-i '') or with invalid UTF-8.",
    "  pushmetrics delete --job backup --label env=test\n"
    "  pushmetrics delete --match 'job=backup-*' --match 'env!=prod' --dry-run\n",
};

struct DeleteOptions {
  std::optional<std::string> job, instance;
  bool instance_is_hostname = false;
  std::vector<Label> labels;
  std::vector<std::string> conditions;
  GroupFilter filter;
  RemovalOptions removal;
  bool yes = false;
  DeliveryOptions delivery;
  CommonOptions common;
};

/// Unlike `into`, takes any name and value: whatever a gateway holds can be deleted.
Store into_any_labels(std::vector<Label>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    std::vector<Label> labels;
    for (const std::string& value : values) {
      const std::size_t equals = value.find('=');
      if (equals == std::string::npos || equals == 0)
        return Failure{concat({"invalid label ", in_quotes(value), ": write NAME=VALUE"})};
      labels.push_back({value.substr(0, equals), value.substr(equals + 1)});
      if (labels.back().name == "job")
        return Failure{"the label 'job' is the job's name: give it with --job"};
    }
    place = std::move(labels);
    return {};
  };
}

OptionTable describe(DeleteOptions& options) {
  OptionSpec job{"job", 'j', "NAME", "job name of the group", into(options.job)};
  OptionSpec instance{"instance", 'i', "NAME", "instance label of the group (default: none)",
                      into(options.instance)};
  OptionSpec hostname{"instance-hostname", 0, "", "use this machine's host name as the instance",
                      set(options.instance_is_hostname)};
  OptionSpec label{"label", 'l', "NAME=VALUE", "further grouping label; repeatable",
                   into_any_labels(options.labels)};
  label.repeatable = true;
  label.environment = {"PUSHMETRICS_LABELS"};
  label.separators = ",";
  OptionSpec match = describe_match(options.filter);
  match.store = [&options, store = match.store](const std::vector<std::string>& values) -> Stored {
    options.conditions = values;
    return store(values);
  };
  OptionTable table{{"Group", {job, instance, hostname, label, match}},
                    {"Deletion",
                     {describe_dry_run(options.removal.dry_run),
                      describe_yes(options.yes, "do not ask before deleting all groups"),
                      describe_json(options.removal.json)}}};
  for (OptionGroup& group : describe(options.delivery)) table.push_back(std::move(group));
  table.push_back(describe(options.common));
  return table;
}

GroupLabels exact_labels(const DeleteOptions& options) {
  std::vector<Label> labels = options.labels;
  labels.push_back({"job", *options.job});
  if (options.instance)
    labels.push_back({"instance", *options.instance});
  else if (options.instance_is_hostname)
    labels.push_back({"instance", host_name()});
  return GroupLabels(std::move(labels));
}

/// Why the options do not say which groups are meant; empty: they do.
std::string problem_of(const DeleteOptions& options, const std::vector<OptionSource>& sources) {
  if (options.conditions.empty()) {
    if (!options.job || options.job->empty())
      return "no group is named: give --job NAME, or --match NAME=GLOB";
    return "";
  }
  for (const std::string_view name : {"job", "instance", "instance-hostname", "label"})
    if (is_on_command_line(sources, name))
      return concat({"--", name, " names one group, --match many: give only one of them"});
  return "";
}

/// The group of exactly these labels, as the target lists it; made up, if it is not listed.
std::pair<GroupSnapshot, bool> find_exact(const Listing& listing, const GroupLabels& labels) {
  const auto is_meant = [&](const GroupSnapshot& group) {
    return group.labels == labels || (group.name == GroupSnapshot::Name::perhaps_empty_instance &&
                                      group.labels.with({"instance", ""}) == labels);
  };
  const auto found = std::ranges::find_if(listing.groups, is_meant);
  GroupSnapshot group;
  if (found != listing.groups.end()) group = *found;
  group.labels = labels;
  group.name = GroupSnapshot::Name::exact;
  return {group, found != listing.groups.end()};
}

class Deletion {
 public:
  explicit Deletion(const DeleteOptions& options)
      : options_(options),
        console_(options.common.console()),
        session_(options.delivery, console_),
        report_(options.removal, console_) {}

  int run() {
    bool is_confirmed = true;
    for (const GroupPlace& place : session_.places()) {
      const auto listing = session_.list(place);
      report_.begin_target(place.target, listing ? listing->now : std::chrono::system_clock::now());
      if (options_.conditions.empty())
        delete_exact(place, listing);
      else
        is_confirmed = delete_matching(place, listing) && is_confirmed;
      report_.end_target();
    }
    const int status = report_.finish();
    return is_confirmed ? status : exit_usage;
  }

 private:
  /// Deletes even what could not be listed: its name is known, and the list only shows whether it was there.
  void delete_exact(const GroupPlace& place, const Result<Listing>& listing) {
    if (!listing && (options_.removal.dry_run || !place.store)) {
      return report_.fail(listing.error(), listing.failure().hint);
    }
    const auto [group, is_there] = find_exact(listing ? *listing : Listing{}, exact_labels(options_));
    if (is_there || !listing) return remove_groups(session_, place, {group}, options_.removal, report_);
    console_.warn(concat({place.target, ": there is no group ", group.labels.to_string()}));
    mention_others(place, *listing, group.labels);
    // All the same, since a list does not show every name as it is.
    if (!options_.removal.dry_run)
      session_.remove(place, {group}, [this](const Removal& removal) {
        if (removal.outcome != Removal::Outcome::deleted) report_.add(removal);
      });
  }

  /// Says that groups of the job stay that have these labels and more.
  void mention_others(const GroupPlace& place, const Listing& listing, const GroupLabels& labels) const {
    const auto has_more = [&](const GroupSnapshot& group) {
      const std::vector<Label>& all = group.labels.labels();
      const auto is_there = [&](const Label& label) { return std::ranges::find(all, label) != all.end(); };
      return all.size() > labels.labels().size() && std::ranges::all_of(labels.labels(), is_there);
    };
    const auto count = std::ranges::count_if(listing.groups, has_more);
    if (count == 0) return;
    const std::string condition = shell_word(concat({"job=", *options_.job}));
    console_.warn(
        concat({place.target, ": ", std::to_string(count), count == 1 ? " group" : " groups", " of job ",
                in_quotes(*options_.job), " with further labels ", count == 1 ? "stays" : "stay"}),
        concat({"'pushmetrics delete --match ", condition, "' deletes all of the job's groups"}));
  }

  /// False: it was not confirmed that all are to go.
  bool delete_matching(const GroupPlace& place, const Result<Listing>& listing) {
    if (!listing) {
      report_.fail(concat({listing.error(), "; nothing was deleted"}), listing.failure().hint);
      return true;
    }
    std::vector<GroupSnapshot> groups = listing->groups;
    std::erase_if(groups, [&](const GroupSnapshot& group) { return !options_.filter.matches(group.labels); });
    std::ranges::sort(groups, {}, &GroupSnapshot::labels);
    if (groups.empty()) console_.warn(concat({place.target, ": no group matches"}));
    const bool all = !groups.empty() && groups.size() == listing->groups.size();
    if (all && !options_.removal.dry_run && !options_.yes) {
      const std::string count = std::to_string(groups.size());
      if (!confirm(concat({"delete all groups (", count, ") of ", place.target, "?"}))) {
        report_.fail(concat({place.target, ": the pattern matches every group (", count,
                             "); nothing was deleted there: give --yes if that is meant"}));
        return false;
      }
    }
    remove_groups(session_, place, groups, options_.removal, report_);
    return true;
  }

  const DeleteOptions& options_;
  Console console_;
  GroupClient session_;
  RemovalReport report_;
};

}  // namespace

int delete_command(const std::vector<std::string>& arguments) {
  DeleteOptions options;
  const Beginning beginning =
      begin_subcommand("delete", delete_help, describe(options), Operands::none, options.common, arguments);
  if (beginning.end) return *beginning.end;
  if (const std::string problem = problem_of(options, beginning.sources); !problem.empty()) {
    options.common.console().error(problem, "see 'pushmetrics delete --help'");
    return exit_usage;
  }
  return Deletion(options).run();
}

}  // namespace pushmetrics
