"""`pushmetrics step`, called by a job: each step's duration and success arrive with the run's."""

import os
import re
import signal
import subprocess
import time

import pytest

from support.jobs import sh
from support.program import BINARY
from support.servers import wait_until

STEP = f"'{BINARY}' step"


@pytest.fixture
def run_job(run, gateway):
    """run_job(script): the result, and duration and success by step."""

    def run_job(script, *options, **keywords):
        gateway.wipe()
        result = run("-j", "steps", *options, "--", *sh(script.replace("STEP", STEP)), **keywords)
        pushed = gateway.group("steps").pushed
        durations, successes = (
            {labels["step"]: value for labels, value in pushed[name].samples} if name in pushed else {}
            for name in ("job_step_duration_seconds", "job_step_success")
        )
        return result, durations, successes

    return run_job


def test_each_step_is_timed_and_the_job_sees_its_status(run_job):
    result, durations, successes = run_job("STEP build -- sleep 0.2; STEP 'unit tests' sh -c 'exit 7'; echo $?")
    assert (result.status, result.stdout, result.stderr) == (0, "7\n", "")
    assert 0.2 <= durations["build"] < 2 and durations["unit tests"] < 2
    assert successes == {"build": 1, "unit tests": 0}


def test_steps_nest_and_repeat(run_job):
    _, durations, successes = run_job(
        "STEP build -- sh -c \"STEP link -- sleep 0.1; STEP link -- sleep 0.1\"; STEP test false; STEP test true"
    )
    assert list(durations) == sorted(durations)
    assert successes == {"build": 1, "build/link": 1, "test": 1}
    assert 0.2 <= durations["build/link"] <= durations["build"]


def test_two_hundred_steps_at_once_are_all_there(run_job):
    result, durations, successes = run_job('for n in $(seq 200); do STEP "s$n" -- true & done; wait', timeout=60)
    assert (result.status, result.stderr) == (0, "")
    assert set(durations) == {f"s{n}" for n in range(1, 201)}
    assert set(successes.values()) == {1}


def test_a_line_that_the_job_left_open_costs_no_step(run_job):
    result, durations, _ = run_job("printf 'rows 1' >>\"$PUSHMETRICS_FILE\"; STEP a -- true")
    assert result.stderr == "" and set(durations) == {"a"}


def test_a_killed_step_failed(run_job):
    result, durations, successes = run_job("STEP gone -- sleep 60 & sleep 0.5; kill -KILL $!; wait $!; sleep 0.3; true")
    assert result.status == 0 and successes == {"gone": 0}
    assert 0.5 < durations["gone"] < 10


def test_a_step_that_goes_on_after_its_run_failed_and_says_so(run_job, tmp_path):
    result, _, successes = run_job(f"STEP late -- sleep 1 2>'{tmp_path}/said' & sleep 0.3; exit 0")
    assert (result.status, successes) == (0, {"late": 0})
    wait_until((tmp_path / "said").read_text, 10, "a warning", 0.1)
    assert "step 'late' ended after its run, which has reported it as failed" in (tmp_path / "said").read_text()


def test_a_signal_is_handed_on_and_ends_the_step_as_it_ends_its_command():
    process = subprocess.Popen([BINARY, "step", "x", "--", "sh", "-c", "trap 'exit 5' TERM; echo on; sleep 60 & wait"],
                               stdout=subprocess.PIPE)  # fmt: skip
    assert process.stdout.readline() == b"on\n"
    process.terminate()
    assert process.wait(10) == 5
    process.stdout.close()
    killed = subprocess.run([BINARY, "step", "x", "--", "sh", "-c", "kill -KILL $$"], check=False)
    assert killed.returncode == -signal.SIGKILL


@pytest.mark.parametrize("command, status, says", [
    ("/no/such", 127, "'/no/such' was not found"),
    ("/", 126, "'/' cannot be executed"),
])  # fmt: skip
def test_a_command_that_cannot_run_is_said_and_failed(run_job, command, status, says):
    result, _, successes = run_job(f"STEP x -- {command}")
    assert result.status == status and says in result.stderr
    assert successes == {"x": 0}


def test_without_a_run_the_command_runs_all_the_same(pushmetrics):
    result = pushmetrics("step", "-v", "x", "--", "sh", "-c", "echo out; exit 3")
    assert (result.status, result.stdout) == (3, "out\n")
    assert "not measured: there is no 'pushmetrics run' around it" in result.stderr
    assert pushmetrics("step", "x", "--", "true").stderr == ""


@pytest.mark.parametrize("operands", [(), ("x",), ("x", "--"), ("", "true"), ("a\nb", "true")])
def test_a_step_without_name_or_command_does_not_begin(pushmetrics, operands):
    result = pushmetrics("step", *operands)
    assert result.status == 125 and "the command was not run" in result.stderr


def test_it_is_silent_and_opens_no_socket(tmp_path):
    trace = tmp_path / "trace"
    file = tmp_path / "metrics"
    file.touch()
    subprocess.run(["strace", "-f", "-e", "trace=network", "-o", trace, BINARY, "step", "x", "true"],
                   env={**os.environ, "PUSHMETRICS_FILE": str(file)}, check=True, timeout=30)  # fmt: skip
    assert "socket(" not in trace.read_text()
    assert re.fullmatch(r"# STEP begin \d+ \d+ x\n# STEP end \d+ \d+ \d+ 1 x\n", file.read_text())


def test_a_full_disk_costs_the_measurement_only(tmp_path):
    point = tmp_path / "disk"
    point.mkdir()
    script = f"""
        mount -t tmpfs -o size=4k none '{point}'
        touch '{point}/file'; cat /dev/zero >'{point}/filler' 2>/dev/null
        PUSHMETRICS_FILE='{point}/file' exec '{BINARY}' step x -- sh -c 'echo out; exit 3'
    """
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (3, "out\n")
    assert "step 'x' is not measured" in done.stderr and "No space left" in done.stderr


def test_a_group_with_the_label_step_keeps_the_run(run, gateway):
    result = run("-j", "labelled", "-l", "step=deploy", "--", *sh(f"{STEP} build -- true"))
    assert "a label 'step', and so has the group" in result.stderr
    group = gateway.group("labelled", step="deploy")
    assert group.values["job_success"] == 1 and "job_step_success" not in group.pushed


def test_a_run_within_a_step_has_steps_of_its_own(run_job, gateway):
    _, _, successes = run_job(f"STEP outer -- '{BINARY}' run --url {gateway.url} -j inner -- {STEP} own -- true")
    assert successes == {"outer": 1}
    assert {labels["step"] for labels, _ in gateway.group("inner").pushed["job_step_success"].samples} == {"own"}


@pytest.mark.parametrize("maker", ["make", "python"])
def test_other_programs_start_steps(run_job, tmp_path, maker):
    if maker == "make":
        (tmp_path / "Makefile").write_text(f"all: a b\na b:\n\t{STEP} $@ -- sleep 0.1\n")
        script = f"make -s -j2 -C '{tmp_path}'"
    else:
        program = "import subprocess, sys; [subprocess.run([sys.argv[1], 'step', n, '--', 'true'], check=True) for n in 'ab']"
        script = f"python3 -c \"{program}\" '{BINARY}'"
    result, _, successes = run_job(script)
    assert (result.status, result.stderr) == (0, "")
    assert successes == {"a": 1, "b": 1}


def test_the_ci_summary_shows_the_steps(run, tmp_path):
    summary = tmp_path / "summary.md"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_JOB": "j", "GITHUB_STEP_SUMMARY": str(summary)}
    start = time.time()
    run("--ci", "--", *sh(f"{STEP} 'a|b `c`' -- true; {STEP} test -- false; true"), env=env)
    text = summary.read_text()
    assert re.search(r"^\| a\\\|b \\`c\\` \| ✅ \| \S+ \| 1 \|$", text, re.MULTILINE)
    assert re.search(r"^\| test \| ❌ \| ", text, re.MULTILINE)
    chart = re.search(r"^```mermaid\ngantt\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]
    (begin, end), (second, _) = (map(int, pair) for pair in re.findall(r" :(?:done|crit), (\d+), (\d+)$", chart, re.M))
    assert start * 1000 - 1000 < begin < end <= second + 1
    assert re.findall(r":(done|crit)", chart) == ["done", "crit"]
