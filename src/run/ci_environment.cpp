#include "run/ci_environment.hpp"

#include "support/text.hpp"

#include <cstdlib>
#include <utility>

namespace pushmetrics {
namespace {

void add_label(std::vector<Label>& labels, const char* name, std::string value) {
  if (!value.empty()) labels.push_back({name, std::move(value)});
}

std::string joined(const std::string& first, const std::string& second) {
  return first.empty() || second.empty() ? first + second : concat({first, "/", second});
}

}  // namespace

std::string environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::optional<CiEnvironment> ci_environment(const Variables& variable) {
  CiEnvironment ci;
  if (variable("GITHUB_ACTIONS") == "true") {
    const std::string workflow = variable("GITHUB_WORKFLOW");
    ci.job = joined(workflow, variable("GITHUB_JOB"));
    add_label(ci.labels, "repository", variable("GITHUB_REPOSITORY"));
    add_label(ci.labels, "workflow", workflow);
    ci.summary_file = variable("GITHUB_STEP_SUMMARY");
  } else if (variable("GITLAB_CI") == "true") {
    const std::string stage = variable("CI_JOB_STAGE");
    ci.job = joined(stage, variable("CI_JOB_NAME"));
    add_label(ci.labels, "repository", variable("CI_PROJECT_PATH"));
    add_label(ci.labels, "stage", stage);
  } else {
    return std::nullopt;
  }
  return ci;
}

}  // namespace pushmetrics
