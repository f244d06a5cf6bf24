"""Where a CI system runs pushmetrics, it names the job, unless somebody else has."""

import html
import os
import pathlib
import re
import subprocess

import pytest

from support.jobs import sh
from support.program import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_JOB": "import",
    "GITHUB_RUN_ID": "4711",
    "GITHUB_SHA": "0123456789" * 4,
    "GITHUB_REF_NAME": "42/merge",
}

COMMIT = "0123456789" * 4

# Each system's environment, as its documentation describes it; the job and the labels that follow from it.
SYSTEMS = {
    "GitHub Actions": (
        {**GITHUB, "GITHUB_ACTION": "__run_2", "GITHUB_RUN_NUMBER": "42", "RUNNER_NAME": "runner-7"},
        "nightly/import",
        {"repository": "acme/shop", "workflow": "nightly", "workflow_step": "run_2"},
    ),
    "GitLab CI": (
        {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PROJECT_PATH": "acme/till",
            "CI_JOB_STAGE": "test",
            "CI_JOB_NAME": "unit",
            "CI_JOB_ID": "815",
            "CI_PIPELINE_ID": "4711",
            "CI_COMMIT_SHA": COMMIT,
            "CI_COMMIT_REF_NAME": "feature/x",
        },
        "test/unit",
        {"repository": "acme/till", "stage": "test"},
    ),
    "Jenkins": (
        {
            "CI": "true",
            "BUILD_NUMBER": "153",
            "BUILD_ID": "153",
            "BUILD_TAG": "jenkins-acme-shop-feature%2Fx-153",
            "BUILD_URL": "http://ci/job/acme/job/shop/job/feature%252Fx/153/",
            "JENKINS_HOME": "/var/lib/jenkins",
            "JOB_NAME": "acme/shop/feature%2Fx",
            "JOB_BASE_NAME": "feature%2Fx",
            "BRANCH_NAME": "feature/x",
            "STAGE_NAME": "Unit tests",
            "GIT_URL": "https://robot:sesame@git.example.org/acme/shop.git",
            "GIT_COMMIT": COMMIT,
            "EXECUTOR_NUMBER": "3",
        },
        "acme/shop/Unit tests",
        {"repository": "acme/shop", "stage": "Unit tests"},
    ),
    "CircleCI": (
        {
            "CI": "true",
            "CIRCLECI": "true",
            "CIRCLE_JOB": "unit",
            "CIRCLE_PROJECT_USERNAME": "acme",
            "CIRCLE_PROJECT_REPONAME": "shop",
            "CIRCLE_BUILD_NUM": "4711",
            "CIRCLE_WORKFLOW_ID": "b9b5d3a6-7c2b-4a52-9f9c-2e7b7d9d6a10",
            "CIRCLE_SHA1": COMMIT,
            "CIRCLE_BRANCH": "feature/x",
            "CIRCLE_NODE_INDEX": "2",
        },
        "unit",
        {"repository": "acme/shop"},
    ),
    "Buildkite": (
        {
            "CI": "true",
            "BUILDKITE": "true",
            "BUILDKITE_PIPELINE_SLUG": "shop-nightly",
            "BUILDKITE_STEP_KEY": "unit",
            "BUILDKITE_LABEL": ":hammer: Unit tests",
            "BUILDKITE_REPO": "git@github.com:acme/shop.git",
            "BUILDKITE_BUILD_NUMBER": "1514",
            "BUILDKITE_JOB_ID": "e44f9784-e20e-4b93-a21d-f41fd5869db9",
            "BUILDKITE_COMMIT": COMMIT,
            "BUILDKITE_BRANCH": "feature/x",
        },
        "shop-nightly/unit",
        {"repository": "acme/shop", "pipeline": "shop-nightly"},
    ),
    "Azure Pipelines": (
        {
            "TF_BUILD": "True",
            "BUILD_DEFINITIONNAME": "shop nightly",
            "BUILD_REPOSITORY_NAME": "acme/shop",
            "SYSTEM_TEAMPROJECT": "retail",
            "SYSTEM_STAGENAME": "__default",
            "SYSTEM_JOBNAME": "unit",
            "SYSTEM_JOBID": "12f1170f-54f2-53f3-20dd-22fc7dff55f9",
            "BUILD_BUILDNUMBER": "20261125.1",
            "BUILD_SOURCEVERSION": COMMIT,
            "BUILD_SOURCEBRANCHNAME": "x",
        },
        "shop nightly/unit",
        {"repository": "acme/shop", "project": "retail", "pipeline": "shop nightly"},
    ),
    "Bitbucket Pipelines": (
        {
            "CI": "true",
            "BITBUCKET_BUILD_NUMBER": "42",
            "BITBUCKET_REPO_FULL_NAME": "acme/shop",
            "BITBUCKET_DEPLOYMENT_ENVIRONMENT": "staging",
            "BITBUCKET_STEP_UUID": "{c0ffee00-0000-4000-8000-000000000000}",
            "BITBUCKET_COMMIT": COMMIT,
            "BITBUCKET_BRANCH": "feature/x",
        },
        "true",
        {"repository": "acme/shop", "environment": "staging"},
    ),
    "Woodpecker": (
        {
            "CI": "woodpecker",
            "CI_REPO": "acme/shop",
            "CI_WORKFLOW_NAME": "nightly",
            "CI_STEP_NAME": "unit",
            "CI_PIPELINE_NUMBER": "8",
            "CI_COMMIT_SHA": COMMIT,
            "CI_COMMIT_BRANCH": "feature/x",
        },
        "nightly/unit",
        {"repository": "acme/shop", "workflow": "nightly"},
    ),
    "Drone": (
        {
            "CI": "true",
            "DRONE": "true",
            "DRONE_REPO": "acme/shop",
            "DRONE_STAGE_NAME": "nightly",
            "DRONE_STEP_NAME": "unit",
            "DRONE_BUILD_NUMBER": "42",
            "DRONE_COMMIT_SHA": COMMIT,
            "DRONE_BRANCH": "feature/x",
        },
        "nightly/unit",
        {"repository": "acme/shop", "pipeline": "nightly"},
    ),
    "Travis CI": (
        {
            "CI": "true",
            "TRAVIS": "true",
            "TRAVIS_REPO_SLUG": "acme/shop",
            "TRAVIS_BUILD_STAGE_NAME": "Test",
            "TRAVIS_JOB_NAME": "unit",
            "TRAVIS_JOB_NUMBER": "4.1",
            "TRAVIS_BUILD_ID": "4711",
            "TRAVIS_COMMIT": COMMIT,
            "TRAVIS_BRANCH": "feature/x",
        },
        "Test/unit",
        {"repository": "acme/shop", "stage": "Test"},
    ),
    "TeamCity": (
        {
            "TEAMCITY_VERSION": "2023.11 (build 147331)",
            "TEAMCITY_PROJECT_NAME": "Shop",
            "TEAMCITY_BUILDCONF_NAME": "Unit tests",
            "BUILD_NUMBER": "153",
            "BUILD_VCS_NUMBER": COMMIT,
        },
        "Shop/Unit tests",
        {"project": "Shop"},
    ),
    "AWS CodeBuild": (
        {
            "CODEBUILD_BUILD_ID": "shop-nightly:b1e6661e-e4f2-4156-9ab9-82a19EXAMPLE",
            "CODEBUILD_BUILD_NUMBER": "42",
            "CODEBUILD_BATCH_BUILD_IDENTIFIER": "unit",
            "CODEBUILD_SOURCE_REPO_URL": "https://github.com/acme/shop.git",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT,
        },
        "shop-nightly/unit",
        {"repository": "acme/shop", "project": "shop-nightly"},
    ),
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_names_the_job_and_nothing_of_one_run(run, gateway, system):
    environment, job, labels = SYSTEMS[system]
    gateway.wipe()
    result = run("--", "true", env=environment)
    assert (result.status, result.stderr) == (0, "")
    assert [group.labels for group in gateway.groups()] == [{"job": job, **labels}]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_man_page_describes_each_system(system):
    environment, _, labels = SYSTEMS[system]
    manual = subprocess.run(["mandoc", "-T", "utf8", ROOT / "man/pushmetrics-run.1"], capture_output=True, text=True, check=True)
    plain = re.sub(".\b", "", manual.stdout)
    section = re.split(r"^\S.*$", plain.split("\nCI SYSTEMS\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = re.split(r"^ {5}(?=\S)", section, flags=re.MULTILINE)
    (row,) = [row for row in rows if row.startswith(system + " ")]
    assert [name for name in labels if not re.search(rf"^ +{name} ", row, re.MULTILINE)] == []
    used = set(re.findall(r"[A-Z]+_[A-Z_]+", row))
    assert len(used & set(environment)) >= len(labels)
    assert system in " ".join((ROOT / "README.md").read_text().split())


@pytest.mark.parametrize("steps", [("__run", "__run_2"), ("__run", "__acme_pushmetrics"), ("build", "test")])
def test_two_steps_of_one_github_job_do_not_share_a_group(run, gateway, steps):
    gateway.wipe()
    for number, step in enumerate(steps):
        run("--", "sh", "-c", f"exit {number}", env={**GITHUB, "GITHUB_ACTION": step})
    groups = {group.labels["workflow_step"]: group.values["job_exit_code"] for group in gateway.groups()}
    assert groups == {step.removeprefix("__"): number for number, step in enumerate(steps)}


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
    assert "--ci: the variables of no known CI system are set; ignored" in result.stderr
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
    assert "| Push | spooled for http://127.0.0.1:9 |" in text
    assert "sesame" not in text


def rendered(markdown):
    """As GitHub renders it: the heading, the cells of each row, the charts."""
    done = subprocess.run(["cmark-gfm", "--extension", "table", "--extension", "strikethrough", "--extension", "autolink",
                           "--to", "html"], input=markdown, capture_output=True, text=True, check=True, timeout=20)  # fmt: skip
    cells = [[re.sub(r"\s+", " ", html.unescape(cell)) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row, re.DOTALL)]
             for row in re.findall(r"<tr>(.*?)</tr>", done.stdout, re.DOTALL)]  # fmt: skip
    heading = html.unescape(re.search(r"<h3>(.*?)</h3>", done.stdout)[1])
    charts = [html.unescape(chart) for chart in re.findall(r'<code class="language-mermaid">(.*?)</code>', done.stdout, re.DOTALL)]
    return heading, cells, charts


AWKWARD = "a|b <b>c</b> `d` *e* _f_ ~~g~~ $h$ [i](j) &amp; #k \\| l\\"


@pytest.mark.parametrize("name", [AWKWARD, "two\nlines\n\n# and a heading", "``` fence", "<!-- comment", "|||", "+ item"])
def test_the_summary_is_readable_whatever_the_names_hold(run, gateway, tmp_path, name):
    summary = tmp_path / "summary.md"
    step = " ".join(name.split())
    run("--ci", "-j", name, "--", *sh('"$1" step "$2" -- false; exit 3', BINARY, step),
        env={**GITHUB, "GITHUB_STEP_SUMMARY": str(summary)})  # fmt: skip
    heading, rows, charts = rendered(summary.read_text())
    assert heading == f"❌ {step} failed"
    assert ["Exit code", "3"] in rows and ["Push", f"delivered to <a href=\"{gateway.url}\">{gateway.url}</a>"] in rows
    assert [row[:2] for row in rows if "❌" in row] == [[step, "❌"]]
    assert len(charts) == 1 and charts[0].count("\n") == 4


@pytest.mark.parametrize("name", ["section 1", "title", "gantt", "dateFormat x", "Click me", "todayMarker off"])
def test_no_step_is_a_statement_of_the_chart(run, tmp_path, name):
    summary = tmp_path / "summary.md"
    run("--ci", "--", BINARY, "step", name, "--", "true", env={**GITHUB, "GITHUB_STEP_SUMMARY": str(summary)})
    assert f"\n  \u200b{name} :done, " in summary.read_text()
