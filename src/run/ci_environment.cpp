#include "run/ci_environment.hpp"

#include "support/text.hpp"

#include <array>
#include <cstdlib>
#include <utility>

namespace pushmetrics {
namespace {

/// What is used of a variable's value; `variable` for the others that this depends on.
using Shape = std::string (*)(std::string value, const Variables& variable);

struct Source {
  const char* name = nullptr;
  Shape shape = nullptr;
};

struct LabelSource {
  const char* label = nullptr;
  Source source = {};
};

/// How a CI system names the job that it runs, by the variables that it documents.
struct CiSystem {
  std::string_view name;
  const char* marker;
  /// What the marker begins with where the system runs the job.
  std::string_view marker_beginning;
  /// Joined by slashes.
  std::array<Source, 3> job = {};
  std::array<LabelSource, 3> labels = {};
  const char* summary = nullptr;
};

/// `https://token@host/acme/shop.git` and `git@host:acme/shop.git` are acme/shop. Empty for an archive in S3, whose
/// name may be another with each run.
std::string repository_of_url(std::string url, const Variables&) {
  std::string_view text = url;
  text = text.substr(0, text.find_first_of("?#"));
  const std::size_t scheme = text.find("://");
  if (text.starts_with("s3://")) return "";
  if (scheme != text.npos) text.remove_prefix(scheme + 3);
  const std::size_t path = text.find(scheme != text.npos ? '/' : ':');
  if (path == text.npos) return "";
  text.remove_prefix(path + 1);
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  if (text.ends_with(".git")) text.remove_suffix(4);
  return std::string(text);
}

/// The name that was given, else the id of the step; of one that has none, the name that GitHub makes: run, run_2,
/// acme_pushmetrics.
std::string github_step(std::string action, const Variables& variable) {
  const std::string given = variable("PUSHMETRICS_CI_STEP");
  if (!given.empty()) return given;
  return action.starts_with("__") ? action.substr(2) : action;
}

/// Without the branch, which Jenkins runs as a job of its own in a multibranch project.
std::string jenkins_job(std::string job, const Variables& variable) {
  const std::string branch = variable("BRANCH_NAME");
  const std::size_t slash = job.rfind('/');
  const bool is_of_branch = !branch.empty() && slash != job.npos &&
                            percent_decoded(std::string_view(job).substr(slash + 1)) == branch;
  return is_of_branch ? job.substr(0, slash) : job;
}

std::string circleci_repository(std::string name, const Variables& variable) {
  const std::string owner = variable("CIRCLE_PROJECT_USERNAME");
  return owner.empty() || name.empty() ? name : concat({owner, "/", name});
}

/// The key of a step, which has to be given, else its label.
std::string buildkite_step(std::string label, const Variables& variable) {
  const std::string key = variable("BUILDKITE_STEP_KEY");
  return key.empty() ? label : key;
}

/// What Azure calls a stage or job to which nobody gave a name is none.
std::string azure_name(std::string name, const Variables&) {
  return name.starts_with("__default") ? "" : name;
}

/// Of PROJECT:UUID.
std::string codebuild_project(std::string build, const Variables&) {
  return build.substr(0, build.find(':'));
}

/// A system that also sets the marker of another one comes before it.
constexpr std::array systems{
    CiSystem{"GitHub Actions",
             "GITHUB_ACTIONS",
             "true",
             {{{"GITHUB_WORKFLOW"}, {"GITHUB_JOB"}}},
             {{{"repository", {"GITHUB_REPOSITORY"}},
               {"workflow", {"GITHUB_WORKFLOW"}},
               {"workflow_step", {"GITHUB_ACTION", github_step}}}},
             "GITHUB_STEP_SUMMARY"},
    CiSystem{"GitLab CI",
             "GITLAB_CI",
             "true",
             {{{"CI_JOB_STAGE"}, {"CI_JOB_NAME"}}},
             {{{"repository", {"CI_PROJECT_PATH"}}, {"stage", {"CI_JOB_STAGE"}}}}},
    CiSystem{"CircleCI",
             "CIRCLECI",
             "true",
             {{{"CIRCLE_JOB"}}},
             {{{"repository", {"CIRCLE_PROJECT_REPONAME", circleci_repository}}}}},
    CiSystem{
        "Buildkite",
        "BUILDKITE",
        "true",
        {{{"BUILDKITE_PIPELINE_SLUG"}, {"BUILDKITE_LABEL", buildkite_step}}},
        {{{"repository", {"BUILDKITE_REPO", repository_of_url}}, {"pipeline", {"BUILDKITE_PIPELINE_SLUG"}}}}},
    CiSystem{"Azure Pipelines",
             "TF_BUILD",
             "",
             {{{"BUILD_DEFINITIONNAME"}, {"SYSTEM_STAGENAME", azure_name}, {"SYSTEM_JOBNAME", azure_name}}},
             {{{"repository", {"BUILD_REPOSITORY_NAME"}},
               {"project", {"SYSTEM_TEAMPROJECT"}},
               {"pipeline", {"BUILD_DEFINITIONNAME"}}}}},
    CiSystem{"Bitbucket Pipelines",
             "BITBUCKET_BUILD_NUMBER",
             "",
             {},
             {{{"repository", {"BITBUCKET_REPO_FULL_NAME"}},
               {"environment", {"BITBUCKET_DEPLOYMENT_ENVIRONMENT"}}}}},
    CiSystem{"Woodpecker",
             "CI",
             "woodpecker",
             {{{"CI_WORKFLOW_NAME"}, {"CI_STEP_NAME"}}},
             {{{"repository", {"CI_REPO"}}, {"workflow", {"CI_WORKFLOW_NAME"}}}}},
    CiSystem{"Drone",
             "DRONE",
             "true",
             {{{"DRONE_STAGE_NAME"}, {"DRONE_STEP_NAME"}}},
             {{{"repository", {"DRONE_REPO"}}, {"pipeline", {"DRONE_STAGE_NAME"}}}}},
    CiSystem{"Travis CI",
             "TRAVIS",
             "true",
             {{{"TRAVIS_BUILD_STAGE_NAME"}, {"TRAVIS_JOB_NAME"}}},
             {{{"repository", {"TRAVIS_REPO_SLUG"}}, {"stage", {"TRAVIS_BUILD_STAGE_NAME"}}}}},
    CiSystem{"TeamCity",
             "TEAMCITY_VERSION",
             "",
             {{{"TEAMCITY_PROJECT_NAME"}, {"TEAMCITY_BUILDCONF_NAME"}}},
             {{{"project", {"TEAMCITY_PROJECT_NAME"}}}}},
    CiSystem{"AWS CodeBuild",
             "CODEBUILD_BUILD_ID",
             "",
             {{{"CODEBUILD_BUILD_ID", codebuild_project}, {"CODEBUILD_BATCH_BUILD_IDENTIFIER"}}},
             {{{"repository", {"CODEBUILD_SOURCE_REPO_URL", repository_of_url}},
               {"project", {"CODEBUILD_BUILD_ID", codebuild_project}}}}},
    // JENKINS_URL is set only if the administrator has given it, JENKINS_HOME in images outside of jobs, too.
    CiSystem{"Jenkins",
             "BUILD_TAG",
             "jenkins-",
             {{{"JOB_NAME", jenkins_job}, {"STAGE_NAME"}}},
             {{{"repository", {"GIT_URL", repository_of_url}}, {"stage", {"STAGE_NAME"}}}}},
};

bool runs_here(const CiSystem& system, const Variables& variable) {
  const std::string value = variable(system.marker);
  return !value.empty() && value.starts_with(system.marker_beginning);
}

std::string value_of(const Source& source, const Variables& variable) {
  std::string value = source.name == nullptr ? std::string() : variable(source.name);
  return source.shape == nullptr ? value : source.shape(std::move(value), variable);
}

}  // namespace

std::string environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::optional<CiEnvironment> ci_environment(const Variables& variable) {
  for (const CiSystem& system : systems) {
    if (!runs_here(system, variable)) continue;
    CiEnvironment ci{system.name, {}, {}, {}};
    for (const Source& source : system.job) {
      const std::string part = value_of(source, variable);
      if (!part.empty()) ci.job = ci.job.empty() ? part : concat({ci.job, "/", part});
    }
    for (const LabelSource& label : system.labels) {
      std::string value = value_of(label.source, variable);
      if (!value.empty()) ci.labels.push_back({label.label, std::move(value)});
    }
    if (system.summary != nullptr) ci.summary_file = variable(system.summary);
    return ci;
  }
  return std::nullopt;
}

}  // namespace pushmetrics
