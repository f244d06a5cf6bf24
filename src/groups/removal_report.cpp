#include "groups/removal_report.hpp"

#include "cli/subcommand.hpp"
#include "groups/group_state.hpp"
#include "support/text.hpp"

namespace pushmetrics {

RemovalReport::RemovalReport(const RemovalOptions& options, const Console& console)
    : options_(options), console_(console) {
  document_.set_dry_run(options.dry_run);
}

void RemovalReport::begin_target(std::string_view name, GroupSnapshot::Time now) {
  target_ = name;
  now_ = now;
  not_tried_ = 0;
  document_.begin_target(name);
}

void RemovalReport::fail(const std::string& why, std::string_view hint) {
  console_.error(why, hint);
  document_.set_error(why);
  status_ = exit_not_delivered;
}

void RemovalReport::add(const Removal& removal) {
  const GroupSnapshot& group = *removal.group;
  const std::string name = group.labels.to_string();
  if (removal.outcome == Removal::Outcome::not_tried) {
    ++not_tried_;
    document_.add_removed(group, false, "not tried");
    return;
  }
  if (removal.outcome == Removal::Outcome::failed) {
    console_.error(concat({target_, ": ", name, " is not deleted: ", removal.error}));
    document_.add_removed(group, false, removal.error);
    status_ = exit_not_delivered;
    return;
  }
  document_.add_removed(group, !options_.dry_run, "");
  const std::string age = age_words(group.last_touched(), now_);
  print(concat({options_.dry_run ? "would delete " : "deleted ", name, " (last push ", age,
                age == "never" ? ") at " : " ago) at ", target_, "\n"}));
}

void RemovalReport::end_target() {
  if (not_tried_ > 0)
    fail(
        concat({target_, ": ", std::to_string(not_tried_), " more were not tried, as it cannot be reached"}));
}

int RemovalReport::finish() {
  if (options_.json && print_result(document_.text(), console_) != exit_done) return exit_not_delivered;
  return status_;
}

void RemovalReport::print(std::string_view line) {
  if (options_.json || output_failed_) return;
  output_failed_ = print_result(line, console_) != exit_done;
  if (output_failed_) status_ = exit_not_delivered;
}

void remove_groups(GroupClient& session, const GroupPlace& place, const std::vector<GroupSnapshot>& groups,
                   const RemovalOptions& options, RemovalReport& report) {
  const auto add = [&](const Removal& removal) { report.add(removal); };
  if (!options.dry_run) return session.remove(place, groups, add);
  for (const GroupSnapshot& group : groups) add({&group, Removal::Outcome::deleted});
}

}  // namespace pushmetrics
