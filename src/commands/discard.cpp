#include "commands/discard.hpp"

#include "cli/selection_options.hpp"
#include "cli/subcommand.hpp"
#include "delivery/spooled_pushes.hpp"
#include "delivery/target.hpp"
#include "groups/group_state.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <utility>

namespace pushmetrics {
namespace {

using Json = nlohmann::ordered_json;

/// By its name as `flush` prints it, by a URL that leads to it, or by a pattern.
bool is_target(const std::string& name, const std::string& pattern) {
  if (name == pattern || matches_glob(pattern, name)) return true;
  const auto url = parse_target_url(pattern);
  return url && url->name == name;
}

std::string count_of_pushes(std::size_t count) {
  return concat({std::to_string(count), count == 1 ? " push" : " pushes"});
}

/// What happens to the pushes, as text or as JSON.
class DiscardReport {
 public:
  DiscardReport(const DiscardOptions& options, const Spool& spool, const Console& console)
      : options_(options), console_(console) {
    document_ = {{"version", 1},
                 {"spool", spool.directory()},
                 {"dry_run", options.dry_run},
                 {"pushes", Json::array()}};
  }

  /// `verb`: "would discard", say. A line for all pushes of one group to one target.
  void print(std::string_view verb, std::span<const SpooledPush> pushes) {
    if (options_.json || status_ != exit_done) return;
    std::string text;
    for (auto first = pushes.begin(); first != pushes.end();) {
      const auto last = std::find_if(first, pushes.end(), [&](const SpooledPush& push) {
        return push.target != first->target || push.group != first->group;
      });
      const auto count = static_cast<std::size_t>(last - first);
      const std::string age = age_words(first->when, std::chrono::system_clock::now());
      text.append(concat({verb, " ", count_of_pushes(count), " of ", first->group.to_string(), " for ",
                          printable(first->target), count == 1 ? " (spooled " : " (the oldest spooled ", age,
                          " ago)\n"}));
      first = last;
    }
    status_ = print_result(text, console_);
  }

  void add(const SpooledPush& push, bool is_discarded, const std::string& error) {
    if (!options_.json) return;
    Json labels = Json::object();
    for (const Label& label : push.group.labels()) labels[label.name] = label.value;
    document_["pushes"].push_back(Json{{"target", push.target},
                                       {"labels", std::move(labels)},
                                       {"time", to_unix_seconds(push.when)},
                                       {"discarded", is_discarded},
                                       {"error", error.empty() ? Json(nullptr) : Json(error)}});
  }

  int finish(int status) {
    if (options_.json)
      status_ = print_result(
          document_.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n", console_);
    return std::max(status, status_);
  }

 private:
  const DiscardOptions& options_;
  const Console& console_;
  Json document_;
  int status_ = exit_done;
};

/// Whether the person wants it.
bool is_confirmed(const DiscardOptions& options, const SpooledPushes& found, const Spool& spool,
                  DiscardReport& report, const Console& console) {
  if (options.yes) return true;
  report.print("would discard", found.pushes());
  const std::string count = count_of_pushes(found.pushes().size());
  if (confirm(concat({"discard ", count, " of ", spool.directory(), "?"}))) return true;
  console.error(concat({count, " match; nothing was discarded"}), "give --yes if that is meant");
  return false;
}

}  // namespace

std::string_view DiscardOptions::misplaced() const {
  if (is_given) return "";
  if (!targets.empty()) return "--target";
  if (!conditions.empty()) return "--match";
  if (dry_run) return "--dry-run";
  if (yes) return "--yes";
  return json ? "--json" : "";
}

OptionGroup describe(DiscardOptions& options) {
  constexpr auto this_call = OptionSpec::Scope::command_line_only;
  OptionSpec discard{
      "discard", 0, "", "drop the pushes that --target and --match select", set(options.is_given), this_call};
  OptionSpec target{
      "target", 0, "GLOB", "pushes for this target; repeatable, one has to match", into(options.targets),
      this_call};
  target.repeatable = true;
  OptionSpec match = describe_match(options.filter);
  match.store = [&options, store = match.store](const std::vector<std::string>& values) -> Stored {
    options.conditions = values;
    return store(values);
  };
  return {"Discarding",
          {discard, target, match, describe_dry_run(options.dry_run, "only print what would be discarded"),
           describe_yes(options.yes, "do not ask before discarding"), describe_json(options.json)}};
}

int discard_pushes(const DiscardOptions& options, const Spool& spool, const Console& console) {
  const auto found = SpooledPushes::find(spool, [&](const SpooledPush& push) {
    const auto is_meant = [&](const std::string& pattern) { return is_target(push.target, pattern); };
    return options.filter.matches(push.group) &&
           (options.targets.empty() || std::ranges::any_of(options.targets, is_meant));
  });
  const bool is_missing = !found && found.failure().error_number == ENOENT;
  if (!found && !is_missing) {
    console.error(concat({"the spool cannot be read: ", found.error()}), found.failure().hint);
    return exit_not_delivered;
  }
  DiscardReport report(options, spool, console);
  if (is_missing || found->pushes().empty())
    console.warn(concat({"no push in ", spool.directory(), " matches"}));
  if (is_missing) return report.finish(exit_done);
  for (const std::string& problem : found->problems()) console.warn(concat({problem, "; skipped"}));
  const bool is_meant = !options.dry_run && !found->pushes().empty();
  if (is_meant && !is_confirmed(options, *found, spool, report, console)) return exit_usage;
  int status = exit_done;
  std::vector<SpooledPush> discarded;
  for (const SpooledPush& push : found->pushes()) {
    const auto removed = options.dry_run ? Result<void>() : found->remove(push);
    report.add(push, removed && !options.dry_run, removed ? "" : removed.error());
    if (removed)
      discarded.push_back(push);
    else
      status = exit_not_delivered;
    if (!removed) console.error(concat({"a push is not discarded: ", removed.error()}));
  }
  if (!options.dry_run) found->compact(spool);
  report.print(options.dry_run ? "would discard" : "discarded", discarded);
  return report.finish(status);
}

}  // namespace pushmetrics
