#include "run/ci_environment.hpp"

#include "run/ci_summary.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace pushmetrics;

namespace {

std::optional<CiEnvironment> read(const std::map<std::string, std::string>& variables) {
  return ci_environment([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

}  // namespace

TEST_CASE("GitHub names the job by workflow and job, and nothing that changes with each run") {
  const auto ci = read({{"GITHUB_ACTIONS", "true"},
                        {"GITHUB_REPOSITORY", "acme/shop"},
                        {"GITHUB_WORKFLOW", "nightly"},
                        {"GITHUB_JOB", "import"},
                        {"GITHUB_RUN_ID", "4711"},
                        {"GITHUB_SHA", "abc"},
                        {"GITHUB_REF_NAME", "main"},
                        {"GITHUB_ACTION", "__run_2"},
                        {"GITHUB_STEP_SUMMARY", "/s"}});
  REQUIRE(ci);
  CHECK(ci->job == "nightly/import");
  CHECK(ci->labels ==
        std::vector<Label>{{"repository", "acme/shop"}, {"workflow", "nightly"}, {"workflow_step", "run_2"}});
  CHECK(ci->summary_file == "/s");
}

TEST_CASE("a step of GitHub that is given a name has that one") {
  const auto ci =
      read({{"GITHUB_ACTIONS", "true"}, {"GITHUB_ACTION", "__run"}, {"PUSHMETRICS_CI_STEP", "unit tests"}});
  REQUIRE(ci);
  CHECK(ci->labels == std::vector<Label>{{"workflow_step", "unit tests"}});
}

TEST_CASE("GitLab names the job by stage and job") {
  const auto ci = read({{"GITLAB_CI", "true"},
                        {"CI_PROJECT_PATH", "acme/shop"},
                        {"CI_JOB_STAGE", "test"},
                        {"CI_JOB_NAME", "unit"},
                        {"CI_PIPELINE_ID", "4711"},
                        {"CI_COMMIT_REF_NAME", "main"}});
  REQUIRE(ci);
  CHECK(ci->job == "test/unit");
  CHECK(ci->labels == std::vector<Label>{{"repository", "acme/shop"}, {"stage", "test"}});
  CHECK(ci->summary_file.empty());
}

TEST_CASE("a repository is named by the path of its URL, without credentials") {
  const auto repository = [](const std::string& url) {
    const auto ci = read({{"BUILDKITE", "true"}, {"BUILDKITE_REPO", url}});
    const Label* const first = ci && !ci->labels.empty() ? &ci->labels.front() : nullptr;
    return first != nullptr && first->name == "repository" ? first->value : std::string("none");
  };
  for (const char* url : {"https://github.com/acme/shop.git", "https://u:secret@github.com/acme/shop.git",
                          "git@github.com:acme/shop.git", "ssh://git@host:22/acme/shop.git", "host:acme/shop",
                          "https://github.com/acme/shop/?token=secret", "git@host:/acme/shop.git/"})
    CHECK(repository(url) == "acme/shop");
  for (const char* url : {"s3://bucket/a/4711.zip", "bucket/a/4711.zip", "https://host", "://", ":", "/"})
    CHECK(repository(url) == "none");
}

TEST_CASE("Jenkins' branches share a group, and a parameter of that name is no branch") {
  const auto job = [](const std::string& name, const std::string& branch) {
    const auto ci = read({{"BUILD_TAG", "jenkins-x-1"}, {"JOB_NAME", name}, {"BRANCH_NAME", branch}});
    return ci ? ci->job : "none";
  };
  CHECK(job("acme/shop/main", "main") == "acme/shop");
  CHECK(job("acme/shop/feature%2Fx", "feature/x") == "acme/shop");
  CHECK(job("acme/shop/PR-24", "PR-24") == "acme/shop");
  CHECK(job("acme/deploy", "main") == "acme/deploy");
  CHECK(job("main", "main") == "main");
}

TEST_CASE("elsewhere there is no CI") {
  CHECK(!read({}));
  CHECK(!read({{"GITHUB_ACTIONS", "false"}, {"CI", "true"}, {"DRONE", ""}, {"BUILD_TAG", "1.2.3"}}));
}

TEST_CASE("a summary tells the result and where the push is, and breaks no table") {
  RunResult result;
  result.outcome.number = 3;
  result.target_results = {{"http://a", PushResult::Status::delivered},
                           {"http://b", PushResult::Status::spooled},
                           {"http://c", PushResult::Status::delivered, false}};
  const std::string text = ci_summary({}, "a|b", result);
  CHECK(text.starts_with("### ❌ a\\|b failed\n"));
  CHECK(text.find("| Exit code | 3 |") != std::string::npos);
  CHECK(text.find("| Push | delivered to http://a |") != std::string::npos);
  CHECK(
      text.find(
          "| Push | delivered to http://c, without the metrics that were added: they were **rejected** |") !=
      std::string::npos);
  CHECK(text.find("| Push | spooled for http://b |") != std::string::npos);
}

TEST_CASE("a summary that cannot be written says why") {
  CHECK(!append_to_summary("/nonexistent/summary", "x").empty());
}
