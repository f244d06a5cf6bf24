"""Where a CI system runs pushmetrics, it names the job, unless somebody else has."""

import os

import pytest

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_JOB": "import",
    "GITHUB_RUN_ID": "4711",
    "GITHUB_SHA": "0123456789" * 4,
    "GITHUB_REF_NAME": "42/merge",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_PATH": "acme/till",
    "CI_JOB_STAGE": "test",
    "CI_JOB_NAME": "unit",
    "CI_PIPELINE_ID": "4711",
    "CI_COMMIT_SHA": "0123456789" * 4,
}


def test_github_names_the_job(run, gateway):
    result = run("--", "true", env=GITHUB)
    assert (result.status, result.stderr) == (0, "")
    group = gateway.group("nightly/import", repository="acme/shop", workflow="nightly")
    assert set(group.labels) == {"job", "repository", "workflow"}


def test_gitlab_names_the_job(run, gateway):
    result = run("--", "true", env=GITLAB)
    assert (result.status, result.stderr) == (0, "")
    group = gateway.group("test/unit", repository="acme/till", stage="test")
    assert set(group.labels) == {"job", "repository", "stage"}


@pytest.mark.parametrize("named", ["option", "environment", "configuration"])
def test_a_name_that_was_given_turns_it_off(run, gateway, tmp_path, named):
    config = tmp_path / "config.toml"
    config.write_text(f'job = "by {named}"\n')
    options = {"option": ["-j", "by option"], "configuration": ["--config", str(config)]}.get(named, [])
    summary = tmp_path / "summary.md"
    env = {**GITHUB, "GITHUB_STEP_SUMMARY": str(summary)}
    if named == "environment":
        env["PUSHMETRICS_JOB"] = "by environment"
    assert run(*options, "--", "true", env=env).status == 0
    assert gateway.group(f"by {named}").labels == {"job": f"by {named}"}
    assert not summary.exists()


def test_what_was_given_counts_over_what_the_ci_system_says(run, gateway):
    assert run("--ci", "-j", "mine", "-l", "repository=fork", "--", "true", env=GITHUB).status == 0
    assert gateway.group("mine", repository="fork", workflow="nightly").values["job_success"] == 1


def test_outside_of_ci_it_is_a_warning(run, gateway):
    result = run("--ci", "--", "true")
    assert result.status == 0
    assert "--ci: neither GITHUB_ACTIONS nor GITLAB_CI is true; ignored" in result.stderr
    assert gateway.group("true").values["job_success"] == 1


def test_a_summary_that_nobody_reads_holds_nothing_up(run, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = run("--", "true", env={**GITHUB, "GITHUB_STEP_SUMMARY": str(pipe)})
    assert result.status == 0
    assert "no summary" in result.stderr


def test_the_summary_tells_of_a_push_that_waits_and_of_no_secret(pushmetrics, tmp_path):
    summary = tmp_path / "summary.md"
    env = {**GITHUB, "GITHUB_STEP_SUMMARY": str(summary)}
    pushmetrics("run", "--url", "http://user:sesame@127.0.0.1:9", "--retries", "0", "--", "true", env=env)
    text = summary.read_text()
    assert "| Push | waits for http://127.0.0.1:9 in the spool |" in text
    assert "sesame" not in text
