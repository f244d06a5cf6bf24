#include "cli/selection_options.hpp"

#include <utility>

namespace pushmetrics {
namespace {

OptionSpec for_one_call(OptionSpec spec) {
  spec.scope = OptionSpec::Scope::command_line_only;
  return spec;
}

}  // namespace

OptionSpec describe_match(GroupFilter& filter) {
  OptionSpec match{"match", 0, "NAME=GLOB",
                   "groups whose label matches (NAME!=GLOB: does not); repeatable, all have to hold",
                   [&filter](const std::vector<std::string>& values) -> Stored {
                     auto parsed = GroupFilter::parse(values);
                     if (!parsed) return parsed.failure();
                     filter = std::move(*parsed);
                     return {};
                   }};
  match.repeatable = true;
  return for_one_call(match);
}

OptionSpec describe_json(bool& json) {
  return for_one_call({"json", 0, "", "print one JSON document", set(json)});
}

OptionSpec describe_dry_run(bool& dry_run) {
  return for_one_call({"dry-run", 'n', "", "only print what would be deleted", set(dry_run)});
}

OptionSpec describe_yes(bool& yes, std::string_view help) {
  return for_one_call({"yes", 'y', "", help, set(yes)});
}

}  // namespace pushmetrics
