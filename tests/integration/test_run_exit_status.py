"""The exit status of `pushmetrics run` is the job's, also if its push fails."""

import concurrent.futures
import os
import resource
import signal
import subprocess
import sys

import pytest

from support.jobs import sh
from support.program import BINARY
from support.servers import free_port


def dead_url():
    return f"http://127.0.0.1:{free_port()}"


def test_every_exit_status_passes_through_and_is_pushed(run, gateway):
    def exit_with(status):
        return run("-j", "statuses", "-l", f"status={status}", "--", *sh(f"exit {status}"))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(exit_with, range(256)))
    assert [result.status for result in results] == list(range(256))
    assert {result.stdout + result.stderr for result in results} == {""}
    groups = {int(group.labels["status"]): group for group in gateway.groups() if group.labels["job"] == "statuses"}
    assert {status: group["job_exit_code"].value for status, group in groups.items()} == {n: n for n in range(256)}
    assert {status for status, group in groups.items() if group["job_success"].value == 1} == {0}


def test_a_command_that_is_not_found_is_127_and_a_failure(run, gateway):
    result = run("-j", "missing", "--", "no-such-command-anywhere")
    assert result.status == 127
    assert result.stdout == ""
    assert len(result.messages) == 1
    assert result.stderr.startswith("pushmetrics: ")
    assert "no-such-command-anywhere" in result.stderr
    assert gateway.group("missing").values["job_exit_code"] == 127
    assert gateway.group("missing").values["job_success"] == 0
    assert "job_last_success_timestamp_seconds" not in gateway.group("missing")


def test_a_path_that_does_not_exist_is_127(run, gateway, tmp_path):
    assert run("-j", "missing-path", "--", str(tmp_path / "nothing")).status == 127
    assert gateway.group("missing-path").values["job_exit_code"] == 127


def test_a_script_whose_interpreter_is_missing_is_127(run, gateway, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    assert run("-j", "no-interpreter", "--", str(script)).status == 127
    assert gateway.group("no-interpreter").values["job_exit_code"] == 127


def test_what_cannot_be_executed_is_126_and_a_failure(run, gateway, tmp_path):
    (tmp_path / "plain").write_text("echo no\n")
    for name, path in (("plain-file", tmp_path / "plain"), ("folder", tmp_path)):
        result = run("-j", name, "--", str(path))
        assert result.status == 126
        assert result.stdout == ""
        assert len(result.messages) == 1
        assert str(path) in result.stderr
        assert gateway.group(name).values["job_exit_code"] == 126
        assert gateway.group(name).values["job_success"] == 0


def test_a_script_without_an_interpreter_line_is_run_by_the_shell(run, tmp_path):
    script = tmp_path / "script"
    script.write_text("echo run by a shell; exit 9\n")
    script.chmod(0o755)
    result = run("-j", "no-first-line", "--", str(script), "argument")
    assert (result.status, result.stdout) == (9, "run by a shell\n")


def test_the_command_is_sought_in_path(run, tmp_path):
    tool = tmp_path / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\nexit 42\n")
    tool.chmod(0o755)
    path = f"{tool.parent}:{os.environ['PATH']}"
    assert run("-j", "path", "--", "tool", env={"PATH": path}).status == 42


def test_a_time_out_is_124(run, gateway):
    result = run("-j", "late", "--timeout", "100ms", "--", "sleep", "30")
    assert result.status == 124
    assert gateway.group("late").values["job_success"] == 0
    assert gateway.group("late").values["job_exit_code"] == 124
    assert gateway.group("late").values["job_timed_out"] == 1


@pytest.mark.parametrize(
    "mistake",
    [
        ["--no-such-option"],
        ["-Z"],
        ["--timeout", "soon"],
        ["--timeout"],
        ["--signal", "NOSUCH"],
        ["--label", "no-equals-sign"],
        ["--label", "1digit=x"],
        ["--label", "__reserved=x"],
        ["--success-codes", "256"],
        ["--success-codes", "one"],
        ["--prefix", "a-b"],
        ["--retries", "-1"],
        ["--push-timeout", "x"],
        ["--job", ""],
        ["--url", "gopher://host"],
    ],
    ids=" ".join,
)
def test_a_mistake_on_the_command_line_is_125_and_nothing_is_run(run, gateway, tmp_path, mistake):
    result = run(*mistake, "--", "touch", str(tmp_path / "was-run"))
    assert result.status == 125
    assert not (tmp_path / "was-run").exists()
    assert result.stdout == ""
    assert len(result.messages) == 1
    assert result.stderr.startswith("pushmetrics: ")
    assert mistake[0].lstrip("-") in result.stderr
    assert gateway.find("touch") is None


@pytest.mark.parametrize("metric", ["rows=", "", "no value", "1digit=1", "m=many", "job_success=1"])
def test_a_bad_metric_costs_the_metric_and_not_the_job(run, gateway, metric):
    job = f"bad metric {metric}"
    result = run("-j", job, "-m", "good=1", "-m", metric, "--", *sh("exit 3"))
    assert result.status == 3
    assert len(result.messages) == 1
    assert "--metric" in result.stderr
    assert gateway.group(job).values["good"] == 1
    assert gateway.group(job).values["job_exit_code"] == 3


@pytest.mark.parametrize(
    ("command", "status"),
    [("nm/\xff\xfe", 3), ("nm/ ", 3), ("nm/\x1b", 3), ("nm/", 126), ("/", 126), ("", 127)],
    ids=["bytes", "blank", "escape", "folder", "root", "empty"],
)
def test_a_command_of_any_name_is_run(run, tmp_path, command, status):
    (tmp_path / "nm").mkdir()
    for name in (b"\xff\xfe", b" ", b"\x1b"):
        path = os.fsencode(tmp_path) + b"/nm/" + name
        with open(path, "w") as script:
            script.write("#!/bin/sh\nexit 3\n")
        os.chmod(path, 0o755)
    command = command.encode("latin-1")
    path = command if command in (b"", b"/") else os.fsencode(tmp_path) + b"/" + command
    assert run("--", os.fsdecode(path)).status == status


def test_a_host_name_that_makes_no_group_does_not_keep_the_job_from_running(pushmetrics, gateway):
    set_host_name = "import ctypes, os, sys; ctypes.CDLL(None).sethostname(b'\\xff\\xfe', 2); os.execv(sys.argv[1], sys.argv[1:])"
    command = [BINARY, "run", "--url", gateway.url, "-j", "odd-host", "--", *sh("exit 3")]
    result = subprocess.run(
        ["unshare", "--map-root-user", "--uts", sys.executable, "-c", set_host_name, *command],
        env=pushmetrics.environment_with({"PUSHMETRICS_INSTANCE_HOSTNAME": "1"}),
        stderr=subprocess.PIPE,
        timeout=30,
    )
    assert result.returncode == 3
    assert b"UTF-8" in result.stderr
    assert gateway.group("odd-host").values["job_exit_code"] == 3


def test_a_missing_command_is_125(run):
    for arguments in ([], ["--"], ["-j", "x"], ["-j", "x", "--"]):
        result = run(*arguments)
        assert result.status == 125
        assert len(result.messages) == 1
        assert "command" in result.stderr


def test_help_is_printed_on_standard_output(pushmetrics):
    result = pushmetrics("run", "--help")
    assert (result.status, result.stderr) == (0, "")
    assert "--timeout" in result.stdout


def test_require_push_makes_a_lost_push_125(pushmetrics):
    job = ["--url", dead_url(), "--retries", "0", "--require-push", "--", "true"]
    result = pushmetrics("run", *job)
    assert result.status == 125
    assert len(result.messages) == 1


def test_require_push_leaves_a_failed_jobs_own_status(pushmetrics):
    job = ["--url", dead_url(), "--retries", "0", "--require-push", "--", *sh("exit 7")]
    assert pushmetrics("run", *job).status == 7


def test_require_push_is_content_with_a_push_that_arrived(run):
    assert run("-j", "required", "--require-push", "--", "true").status == 0


def test_a_lost_push_changes_no_exit_status(pushmetrics):
    for status in (0, 1, 125, 255):
        result = pushmetrics("run", "--url", dead_url(), "--retries", "0", "--", *sh(f"exit {status}"))
        assert result.status == status


@pytest.mark.parametrize("name", ["TERM", "KILL", "INT", "HUP", "SEGV", "ABRT", "QUIT", "PIPE", "USR1", "ALRM"])
def test_pushmetrics_dies_of_the_jobs_signal_without_a_core_dump(pushmetrics, gateway, name):
    def permit_core_dumps():
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    process = pushmetrics.spawn(
        *("run", "--url", gateway.url, "-j", "killed", "-l", f"by={name}", "--", *sh(f"kill -{name} $$")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=permit_core_dumps,
    )
    # Not by subprocess, which does not tell of a core dump.
    _, status = os.waitpid(process.pid, 0)
    process.returncode = status
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.Signals["SIG" + name]
    assert not os.WCOREDUMP(status)
    group = gateway.group("killed", by=name)
    assert group.values["job_exit_code"] == 128 + os.WTERMSIG(status)
    assert group.values["job_success"] == 0
