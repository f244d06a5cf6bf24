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
                        {"GITHUB_STEP_SUMMARY", "/s"}});
  REQUIRE(ci);
  CHECK(ci->job == "nightly/import");
  CHECK(ci->labels == std::vector<Label>{{"repository", "acme/shop"}, {"workflow", "nightly"}});
  CHECK(ci->summary_file == "/s");
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

TEST_CASE("elsewhere there is no CI") {
  CHECK(!read({}));
  CHECK(!read({{"GITHUB_ACTIONS", "false"}, {"CI", "true"}}));
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
  CHECK(text.find("| Push | arrived at http://a |") != std::string::npos);
  CHECK(text.find("| Push | arrived at http://c, but for the metrics that were added: they are **lost** |") !=
        std::string::npos);
  CHECK(text.find("| Push | waits for http://b in the spool |") != std::string::npos);
}

TEST_CASE("a summary that cannot be written says why") {
  CHECK(!append_to_summary("/nonexistent/summary", "x").empty());
}
