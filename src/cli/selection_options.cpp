#include "cli/selection_options.hpp"

#include "support/descriptor.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <iostream>
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

OptionSpec describe_json(bool& json, std::string_view help) {
  return for_one_call({"json", 0, "", help, set(json)});
}

OptionSpec describe_dry_run(bool& dry_run, std::string_view help) {
  return for_one_call({"dry-run", 'n', "", help, set(dry_run)});
}

OptionSpec describe_yes(bool& yes, std::string_view help) {
  return for_one_call({"yes", 'y', "", help, set(yes)});
}

bool confirm(const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) return false;
  write_all(STDERR_FILENO, concat({"pushmetrics: ", question, " [y/N] "}));
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

}  // namespace pushmetrics
