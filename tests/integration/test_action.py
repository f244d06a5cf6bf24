"""The GitHub Action: its steps' scripts are run as GitHub's runner does it."""

import functools
import hashlib
import http.server
import os
import pathlib
import platform
import re
import shutil
import subprocess
import tarfile
import threading

import pytest
import yaml

from support.program import BINARY, clean_environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]


class Runner:
    """As much of GitHub's runner as a composite action needs."""

    def __init__(self, directory, release):
        self.workspace = directory / "workspace"
        self.workspace.mkdir()
        temporary = directory / "temporary"
        temporary.mkdir()
        self.summary = directory / "summary.md"
        self.path_file = directory / "path"
        self.environment = {
            **clean_environment(directory),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "GITHUB_SERVER_URL": "https://github.invalid",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_WORKFLOW": "nightly",
            "GITHUB_JOB": "import",
            "GITHUB_ACTION": "__acme_pushmetrics",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_RUN_ID": "4711",
            "GITHUB_RUN_NUMBER": "42",
            "GITHUB_REF_NAME": "main",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_PATH": str(self.path_file),
            "RUNNER_TEMP": str(temporary),
            "PUSHMETRICS_RELEASE": release,
        }

    def evaluate(self, text, inputs):
        """The expressions that action.yml uses: contexts and ||."""

        def value(name):
            context, _, key = name.strip().partition(".")
            if context == "inputs":
                assert key in ACTION["inputs"], key
                return inputs.get(key, ACTION["inputs"][key].get("default", ""))
            assert context == "github", name
            known = {"workspace": str(self.workspace), "repository": "acme/shop", "action_repository": "acme/pushmetrics"}
            return known.get(key, "")

        def expression(match):
            return next((found for found in map(value, match[1].split("||")) if found), "")

        return re.sub(r"\$\{\{(.*?)\}\}", expression, text)

    def step(self, step, inputs):
        if "if" in step:
            assert step["if"] == "inputs.run != ''"
            if not inputs.get("run"):
                return None
        assert step["shell"] == "bash"
        environment = dict(self.environment)
        environment.update({name: self.evaluate(text, inputs) for name, text in step.get("env", {}).items()})
        if self.path_file.exists():
            environment["PATH"] = ":".join([*self.path_file.read_text().splitlines(), environment["PATH"]])
        script = self.workspace.parent / "step.sh"
        script.write_text(step["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            env=environment,
            cwd=self.evaluate(step.get("working-directory", ""), inputs) or self.workspace,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def __call__(self, **inputs):
        """Runs the steps up to the first that fails; the result is that of the last that ran."""
        inputs = {name.replace("_", "-"): value for name, value in inputs.items()}
        last = None
        for step in STEPS:
            done = self.step(step, inputs)
            last = done or last
            if last.returncode != 0:
                break
        return last


def pack(directory, machine=platform.machine(), binary=BINARY):
    """A release that has the binary under test."""
    name = f"pushmetrics-9.8.7-linux-{machine}"
    archive = directory / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(binary, f"{name}/bin/pushmetrics")
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    sums = f"{'0' * 64}  pushmetrics_9.8.7_amd64.deb\n{checksum}  {archive.name}\n"
    (directory / "SHA256SUMS").write_text(sums)
    return archive


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The address of a release, as GitHub would serve it."""
    directory = tmp_path_factory.mktemp("release")
    pack(directory)
    handler = functools.partial(Quiet, directory=directory)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def action(tmp_path, release):
    return Runner(tmp_path, release)


def test_inputs_are_never_pasted_into_a_script():
    for step in STEPS:
        assert "${{" not in step["run"], step["name"]


def test_the_scripts_please_shellcheck():
    for step in STEPS:
        script = "#!/bin/bash -e\n" + step["run"]
        done = subprocess.run(["shellcheck", "-"], input=script, capture_output=True, text=True)
        assert done.stdout == "", step["name"]


def test_every_input_is_used_and_described():
    used = set(re.findall(r"inputs\.([a-z-]+)", str(STEPS)))
    assert used == set(ACTION["inputs"])
    assert all(described["description"] for described in ACTION["inputs"].values())


def test_a_script_is_run_and_pushed(action, gateway):
    done = action(run="echo one\necho two", url=gateway.url, job="simple", labels="team=web,tier=db")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "one\ntwo\n"
    group = next(group for group in gateway.groups() if group.labels["job"] == "simple")
    assert {"team": "web", "tier": "db"}.items() <= group.labels.items()
    assert group.values["job_success"] == 1


def test_the_step_fails_as_the_script_does(action, gateway):
    done = action(run="false | true\necho not reached", url=gateway.url, job="failing")
    assert done.returncode == 1
    assert "not reached" not in done.stdout
    group = next(group for group in gateway.groups() if group.labels["job"] == "failing")
    assert group.values["job_exit_code"] == 1


HOSTILE = """a'b"c`touch owned`$(touch owned);touch owned #${HOME}"""


def test_what_inputs_hold_is_not_executed(action, gateway):
    done = action(run="true", url=gateway.url, job=HOSTILE, user=HOSTILE, password=HOSTILE)
    assert done.returncode == 0, done.stderr
    assert any(group.labels["job"] == HOSTILE for group in gateway.groups())
    action(run="true", url=gateway.url, args=HOSTILE)
    action(run="true", url=gateway.url, shell=HOSTILE + " {0}")
    action(run="true", version=HOSTILE)
    assert list(action.workspace.iterdir()) == []


def test_the_job_is_not_given_the_secrets(action, gateway):
    done = action(run="env", url=gateway.url, job="env", user="u", password="sesame", bearer_token="sesame")
    assert "sesame" not in done.stdout + done.stderr
    assert "INPUT_" not in done.stdout


def test_options_are_quoted_as_for_a_shell(action, gateway):
    done = action(run="true", url=gateway.url, job="quoted", args="-m 'files=3' --label \"note=two words\"")
    assert done.returncode == 0, done.stderr
    group = next(group for group in gateway.groups() if group.labels["job"] == "quoted")
    assert group.labels["note"] == "two words"
    assert group.values["files"] == 3


@pytest.mark.parametrize(
    "shell, script",
    [
        ("sh", "test -z \"$BASH_VERSION\" && echo 'hello'"),
        ("python3 -I {0}", "print('hello')"),
        ("bash -c 'exec \"$0\"' {0}", None),
    ],
)
def test_the_script_has_the_shell_it_asks_for(action, gateway, shell, script):
    done = action(run=script or "x", url=gateway.url, job="shell", shell=shell)
    assert (done.stdout == "hello\n") == (script is not None), done.stderr


def test_without_a_name_the_workflow_names_the_job_and_nothing_of_one_run_is_in_it(action, gateway):
    done = action(run="true", url=gateway.url)
    assert (done.returncode, done.stderr) == (0, "")
    step = {"workflow_step": "acme_pushmetrics"}
    group = gateway.group("nightly/import", repository="acme/shop", workflow="nightly", **step)
    assert set(group.labels) == {"job", "repository", "workflow", "workflow_step"}


def test_two_steps_of_one_job_do_not_overwrite_each_other(action, gateway):
    gateway.wipe()
    for name, inputs in (("__acme_pushmetrics", {}), ("__acme_pushmetrics_2", {}), ("lint", {}),
                         ("__acme_pushmetrics_3", {"step": "unit, tests"})):  # fmt: skip
        action.environment["GITHUB_ACTION"] = name
        assert action(run="true", url=gateway.url, labels="team=web", **inputs).returncode == 0
    steps = {group.labels["workflow_step"] for group in gateway.groups() if group.labels["team"] == "web"}
    assert steps == {"acme_pushmetrics", "acme_pushmetrics_2", "lint", "unit, tests"}


@pytest.mark.parametrize("spool", ["waiting pushes", "/absolute"])
def test_what_cannot_be_delivered_waits_where_it_is_asked_to(action, gateway, tmp_path, spool):
    place = tmp_path / "absolute" if spool.startswith("/") else action.workspace / spool
    spool = str(place) if spool.startswith("/") else spool
    (action.workspace / "below").mkdir()
    done = action(run="pwd", url="http://127.0.0.1:9", args="--retries 0", spool=spool, job="kept", working_directory=str(action.workspace / "below"))
    assert done.returncode == 0 and done.stdout.endswith("/below\n") and "spooled" in done.stderr
    assert len(list(place.glob("*/*.push"))) == 1


def test_the_run_is_summed_up_behind_what_the_job_wrote(action, gateway):
    done = action(run="echo '# mine' >>$GITHUB_STEP_SUMMARY; exit 3", url=gateway.url, job="summed|up")
    assert done.returncode == 3
    text = action.summary.read_text()
    assert text.startswith("# mine\n### ❌ summed\\|up failed\n")
    rows = dict(line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ") and line != "| | |")
    assert rows["Exit code"] == "3"
    assert set(rows) == {"Result", "Duration", "Exit code", "CPU", "Memory", "Push"}
    assert rows["Push"] == f"delivered to {gateway.url}"


def test_a_summary_that_cannot_be_written_does_not_fail_the_job(action, gateway):
    action.summary.mkdir()
    done = action(run="true", url=gateway.url, job="no summary")
    assert done.returncode == 0
    assert "no summary in GITHUB_STEP_SUMMARY" in done.stderr


def test_an_unknown_shell_is_refused(action):
    done = action(run="true", shell="fish")
    assert done.returncode == 1
    assert "'fish'" in done.stdout


def test_the_script_runs_where_it_shall(action, gateway):
    (action.workspace / "below").mkdir()
    done = action(run="pwd", url=gateway.url, job="where", working_directory=str(action.workspace / "below"))
    assert done.stdout == f"{action.workspace}/below\n"


def test_without_a_script_later_steps_have_pushmetrics(action):
    done = action()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pushmetrics ")
    (directory,) = action.path_file.read_text().splitlines()
    assert os.access(directory + "/pushmetrics", os.X_OK)


@pytest.mark.parametrize("version, folder", [(None, "download/v{own}"), ("1.2.3", "download/v1.2.3"),
                                             ("v1.2.3", "download/v1.2.3"), ("latest", "latest/download")])  # fmt: skip
def test_the_release_is_that_of_the_action_unless_another_is_asked_for(tmp_path, version, folder):
    own = re.search(r"^project\(pushmetrics VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    served = tmp_path / "served/acme/pushmetrics/releases" / folder.format(own=own)
    served.mkdir(parents=True)
    pack(served)
    (tmp_path / "runner").mkdir()
    runner = Runner(tmp_path / "runner", "")
    runner.environment["GITHUB_SERVER_URL"] = f"file://{tmp_path}/served"
    done = runner(**({} if version is None else {"version": version}))
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("pushmetrics ")


def test_an_archive_with_another_checksum_is_not_unpacked(tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    archive = pack(broken)
    archive.write_bytes(archive.read_bytes() + b"\0")
    (tmp_path / "runner").mkdir()
    runner = Runner(tmp_path / "runner", f"file://{broken}")
    done = runner(run="echo run all the same")
    assert done.returncode != 0
    assert "run all the same" not in done.stdout
    assert not runner.path_file.exists()


@pytest.mark.parametrize("runner, machine", [("X64", "x86_64"), ("ARM64", "aarch64"), ("ARM", "armv7l")])
def test_the_archive_is_that_of_the_runners_architecture(tmp_path, runner, machine):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho for {machine}\n")
    program.chmod(0o755)
    releases = [tmp_path / name for name in ("x86_64", "aarch64", "armv7l")]
    for release in releases:
        release.mkdir()
        pack(release, release.name, program)
    sums = "".join((release / "SHA256SUMS").read_text() for release in releases)
    (tmp_path / machine / "SHA256SUMS").write_text(sums)
    (tmp_path / "runner").mkdir()
    action = Runner(tmp_path / "runner", f"file://{tmp_path / machine}")
    action.environment["RUNNER_ARCH"] = runner
    done = action()
    assert (done.returncode, done.stdout) == (0, f"for {machine}\n"), done.stderr


def test_a_platform_without_a_release_is_named(tmp_path):
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  pushmetrics-9.8.7-linux-pdp11.tar.gz\n")
    (tmp_path / "runner").mkdir()
    done = Runner(tmp_path / "runner", f"file://{tmp_path}")()
    assert done.returncode == 1
    assert platform.machine() in done.stdout


def steps_with_the_action():
    """(file, step) of every step of the project's own workflows and examples that uses the action."""
    github = ROOT / ".github"
    for path in sorted([*github.glob("workflows/*.yml"), github / "examples/workflow.yml", github / "examples/pipeline/workflow.yml"]):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job.get("steps", []):
                if re.fullmatch(r"\./|OWNER/pushmetrics@.*", step.get("uses", "")):
                    yield path, step


def test_our_workflows_give_the_action_only_inputs_that_it_has():
    steps = list(steps_with_the_action())
    assert {path.name for path, _ in steps} == {"ci.yml", "workflow.yml"} and len(steps) >= 4
    for path, step in steps:
        assert set(step.get("with", {})) <= set(ACTION["inputs"]), path


def test_the_workflow_of_the_pipeline_shows_its_stages(action, gateway):
    gateway.wipe()
    shutil.copytree(ROOT / ".github/examples/pipeline", action.workspace, dirs_exist_ok=True)
    steps = [step["with"] for path, step in steps_with_the_action() if path.parent.name == "pipeline"]
    assert [step["step"] for step in steps] == ["shell", "make"]
    for step in steps:
        done = action(**{name: value.replace("${{ vars.PUSHGATEWAY_URL }}", gateway.url) for name, value in step.items()})
        assert (done.returncode, done.stderr) == (0, "")
        group = gateway.group("nightly/import", repository="acme/shop", workflow="nightly", workflow_step=step["step"])
        assert {"compile", "package"} < {labels["step"] for labels, _ in group["job_step_success"].samples}
    summary = action.summary.read_text()
    assert len(re.findall(r"^\| (?:compile|package) \| \u2705 \| ", summary, re.MULTILINE)) == 4
    assert summary.count("```mermaid\n") == 2
