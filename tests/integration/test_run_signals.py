"""Signals reach the job once each; pushmetrics outlives the job, pushes, and ends as the job did."""

import os
import signal
import subprocess
import time

import pytest

from support.jobs import FORWARDED, log_signals, python, sh
from support.program import finish, is_gone, state_of
from support.servers import wait_until


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def start(pushmetrics, gateway):
    """Starts `pushmetrics run`, which goes on; ended with the test if it is still there."""
    processes = []

    def start(*args, **how):
        process = pushmetrics.spawn("run", "--url", gateway.url, *args, **how)
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


def start_logging(start, log, job, **how):
    process = start("-j", job, "--", *log_signals(log), **how)
    wait_until(lambda: lines_of(log) == ["ready"])
    return process


@pytest.mark.parametrize("name", FORWARDED)
def test_a_signal_reaches_the_job_exactly_once(start, gateway, tmp_path, name):
    log = tmp_path / "signals"
    process = start_logging(start, log, f"once-{name}")
    times = 1 if name == "TERM" else 10
    for n in range(1, times + 1):
        process.send_signal(signal.Signals["SIG" + name])
        wait_until(lambda: lines_of(log)[1:].count(name) >= n)
    if name != "TERM":
        process.terminate()
    result = finish(process)
    assert (result.status, result.stderr) == (0, "")
    assert lines_of(log) == ["ready", *[name] * times, *(["TERM"] if name != "TERM" else [])]
    assert gateway.group(f"once-{name}").values["job_exit_code"] == 0


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1"])
def test_a_signal_to_the_whole_process_group_reaches_the_job_exactly_once(start, tmp_path, name):
    log = tmp_path / "signals"
    process = start_logging(start, log, f"group-{name}")
    os.killpg(process.pid, signal.Signals["SIG" + name])
    wait_until(lambda: name in lines_of(log))
    if name != "TERM":
        os.killpg(process.pid, signal.SIGTERM)
    assert finish(process).status == 0
    assert lines_of(log) == ["ready", name, *(["TERM"] if name != "TERM" else [])]


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"])
def test_a_job_that_dies_of_a_forwarded_signal_is_pushed_as_a_failure(start, gateway, name):
    number = signal.Signals["SIG" + name]
    process = start("-j", f"dies-{name}", "--", *sh("echo started; exec sleep 30"))
    assert process.stdout.readline() == b"started\n"
    process.send_signal(number)
    result = finish(process)
    assert (result.status, result.stderr) == (-number, "")
    values = gateway.group(f"dies-{name}").values
    assert values["job_exit_code"] == 128 + number
    assert values["job_success"] == 0
    assert values["job_duration_seconds"] < 10


def test_a_job_killed_from_outside_is_pushed_as_a_failure(start, gateway):
    process = start("-j", "killed-outside", "--", *sh("echo $$; exec sleep 30"))
    os.kill(int(process.stdout.readline()), signal.SIGKILL)
    assert finish(process).status == -signal.SIGKILL
    assert gateway.group("killed-outside").values["job_exit_code"] == 137


def test_a_job_that_ends_well_on_term_has_its_own_status(start, gateway):
    process = start("-j", "graceful", "--", *sh("trap 'exit 5' TERM; echo started; while :; do sleep 0.05; done"))
    assert process.stdout.readline() == b"started\n"
    process.terminate()
    assert finish(process).status == 5
    assert gateway.group("graceful").values["job_exit_code"] == 5


def test_a_job_may_ignore_the_signals_that_it_is_sent(start):
    process = start(
        "-j", "stubborn", "--", *sh("trap '' TERM INT HUP; echo started; read line; exit 3"), stdin=subprocess.PIPE
    )
    assert process.stdout.readline() == b"started\n"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process.send_signal(number)
    assert finish(process, input="go on\n").status == 3


def test_a_term_at_any_moment_ends_the_run(start):
    for n in range(40):
        process = start("-j", "any-moment", "--", *sh("exec sleep 30"))
        time.sleep(n / 40 * 0.02)
        process.terminate()
        assert finish(process, timeout=10).status == -signal.SIGTERM


def test_a_term_while_the_push_hangs_ends_it_and_keeps_the_status(start, gateway):
    gateway.pause()
    try:
        process = start("-j", "hanging", "--push-timeout", "15s", "--", *sh("echo $$; exit 4"))
        job = int(process.stdout.readline())
        wait_until(lambda: state_of(job) is None)
        process.terminate()
        result = finish(process)
    finally:
        gateway.resume()
    assert result.status == 4
    assert result.elapsed < 10
    assert len(result.messages) == 1


def test_a_second_signal_does_not_cost_the_push_of_what_the_first_did(start, gateway):
    gateway.pause()
    try:
        process = start("-j", "twice", "--", *sh("echo $$; exec sleep 30"))
        job = int(process.stdout.readline())
        process.terminate()
        wait_until(lambda: state_of(job) is None)
        process.send_signal(signal.SIGHUP)
        process.terminate()
    finally:
        gateway.resume()
    result = finish(process)
    assert (result.status, result.stderr) == (-signal.SIGTERM, "")
    assert gateway.group("twice").values["job_exit_code"] == 143


@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "TERM", "USR1"])
def test_a_signal_ignored_on_entry_stays_ignored(start, tmp_path, name):
    number = signal.Signals["SIG" + name]
    process = start(
        *("-j", f"ignored-{name}", "--", *sh("echo started; read line; exit 3")),
        stdin=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
    )
    assert process.stdout.readline() == b"started\n"
    os.killpg(process.pid, number)
    assert finish(process, input="go on\n").status == 3


def test_nohup_keeps_the_job_alive(pushmetrics, gateway):
    job = sh("echo started; grep SigIgn /proc/self/status; kill -HUP $$; exit 3")
    process = pushmetrics.spawn("run", "--url", gateway.url, "-j", "nohup", "--", *job, prefix=["nohup"])
    assert process.stdout.readline() == b"started\n"
    assert int(process.stdout.readline().split()[1], 16) & 1
    process.send_signal(signal.SIGHUP)
    assert finish(process).status == 3
    assert gateway.group("nohup").values["job_exit_code"] == 3


def test_tstp_stops_the_job_and_pushmetrics_and_cont_resumes_both(start, gateway):
    process = start("-j", "stopped", "--", *sh("echo $$; read line; exit 6"), stdin=subprocess.PIPE)
    job = int(process.stdout.readline())
    process.send_signal(signal.SIGTSTP)
    wait_until(lambda: state_of(job) == "T" and state_of(process.pid) == "T")
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: state_of(job) == "S" and state_of(process.pid) == "S")
    assert finish(process, input="go on\n").status == 6
    assert gateway.group("stopped").values["job_exit_code"] == 6


def test_a_job_that_another_stops_is_waited_for(start):
    process = start("-j", "paused", "--", *sh("echo $$; read line; exit 6"), stdin=subprocess.PIPE)
    job = int(process.stdout.readline())
    os.kill(job, signal.SIGSTOP)
    wait_until(lambda: state_of(job) == "T")
    os.kill(job, signal.SIGCONT)
    assert finish(process, input="go on\n").status == 6


def test_a_stopped_job_still_gets_the_term(start):
    process = start("-j", "stopped-term", "--", *sh("echo $$; exec sleep 30"))
    job = int(process.stdout.readline())
    os.kill(job, signal.SIGSTOP)
    wait_until(lambda: state_of(job) == "T")
    process.terminate()
    process.send_signal(signal.SIGCONT)
    assert finish(process).status == -signal.SIGTERM


def test_a_time_out_ends_the_whole_process_group(start, gateway):
    process = start("-j", "late-group", "--timeout", "300ms", "--", *sh("sleep 30 & echo $!; sleep 30"))
    grandchild = int(process.stdout.readline())
    assert finish(process).status == 124
    wait_until(lambda: is_gone(grandchild), 5)
    values = gateway.group("late-group").values
    assert values["job_timed_out"] == 1
    assert values["job_success"] == 0
    assert 0.3 <= values["job_duration_seconds"] < 5


def test_a_time_out_sends_the_signal_that_was_asked_for(start, tmp_path, gateway):
    log = tmp_path / "signals"
    process = start(
        "-j", "late-signal", "--timeout", "300ms", "--signal", "USR1", "--kill-after", "300ms", "--", *log_signals(log)
    )
    result = finish(process)
    assert result.status == 124
    assert [line for line in lines_of(log) if line != "CONT"] == ["ready", "USR1"]
    assert gateway.group("late-signal").values["job_exit_code"] == 124


def test_kill_after_ends_a_job_that_ignores_the_time_out(start, gateway):
    job = sh("trap '' TERM; echo started; while :; do sleep 1; done")
    start_time = time.monotonic()
    process = start("-j", "late-stubborn", "--timeout", "200ms", "--kill-after", "200ms", "--", *job)
    result = finish(process)
    assert result.status == 124
    assert time.monotonic() - start_time < 5
    values = gateway.group("late-stubborn").values
    assert (values["job_exit_code"], values["job_timed_out"]) == (124, 1)


def test_a_job_that_ends_by_itself_after_the_time_outs_signal_is_still_124(start, gateway):
    job = sh("trap 'exit 0' TERM; while :; do sleep 0.05; done")
    assert finish(start("-j", "late-graceful", "--timeout", "200ms", "--", *job)).status == 124
    values = gateway.group("late-graceful").values
    assert (values["job_exit_code"], values["job_success"], values["job_timed_out"]) == (124, 0, 1)


def test_a_stopped_job_is_ended_by_the_time_out(start, gateway):
    process = start("-j", "late-stopped", "--timeout", "300ms", "--", *sh("kill -STOP $$; sleep 30"))
    assert finish(process).status == 124


def test_a_job_does_not_outlive_a_pushmetrics_that_was_killed(start):
    process = start("-j", "abandoned", "--", *sh("echo $$; exec sleep 30"))
    job = int(process.stdout.readline())
    process.kill()
    wait_until(lambda: is_gone(job), 5)


AS_FIRST_PROCESS = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
if os.geteuid() != 0:
    AS_FIRST_PROCESS[1:1] = ["--user", "--map-root-user"]


@pytest.fixture
def run_as_first_process(pushmetrics, gateway):
    """`pushmetrics run` as PID 1 of a PID namespace, as in a container."""

    def run(*args, **how):
        process = pushmetrics.spawn("run", "--url", gateway.url, *args, prefix=AS_FIRST_PROCESS, **how)
        return finish(process)

    return run


def test_as_pid_1_the_status_passes_through(run_as_first_process, gateway):
    result = run_as_first_process("-j", "pid1", "--", *sh("echo $PPID; exit 9"))
    assert (result.status, result.stdout, result.stderr) == (9, "1\n", "")
    assert gateway.group("pid1").values["job_exit_code"] == 9


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV"])
def test_as_pid_1_a_death_by_a_signal_is_128_plus_n(run_as_first_process, gateway, name):
    number = signal.Signals["SIG" + name]
    assert run_as_first_process("-j", f"pid1-{name}", "--", *sh(f"kill -{name} $$")).status == 128 + number
    assert gateway.group(f"pid1-{name}").values["job_exit_code"] == 128 + number


def test_as_pid_1_orphans_are_reaped(run_as_first_process):
    # Each sh leaves an orphan behind that ends at once; none of them may stay as a zombie.
    code = """
import os, subprocess, time
for _ in range(5):
    subprocess.run(["/bin/sh", "-c", "true & exit 0"])
def zombies():
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and open(f"/proc/{entry}/stat").read().rsplit(") ", 1)[1][0] == "Z":
                found.append(entry)
        except OSError:
            pass
    return found
end = time.monotonic() + 5
while zombies() and time.monotonic() < end:
    time.sleep(0.01)
print(zombies())
"""
    result = run_as_first_process("-j", "pid1-orphans", "--", *python(code))
    assert (result.status, result.stdout, result.stderr) == (0, "[]\n", "")


def test_as_pid_1_an_orphans_status_is_not_taken_for_the_jobs(run_as_first_process):
    job = sh("sh -c '(exit 7) & exit 0'; sleep 0.1; exit 3")
    assert run_as_first_process("-j", "pid1-status", "--", *job).status == 3


def test_as_pid_1_a_term_reaches_the_job(pushmetrics, gateway):
    process = pushmetrics.spawn(
        *("run", "--url", gateway.url, "-j", "pid1-term", "--"),
        *sh("echo started; exec sleep 30"),
        prefix=AS_FIRST_PROCESS,
    )
    assert process.stdout.readline() == b"started\n"
    first = int(subprocess.run(["pgrep", "-P", str(process.pid)], stdout=subprocess.PIPE, check=True).stdout)
    os.kill(first, signal.SIGTERM)
    assert finish(process).status == 128 + signal.SIGTERM
    assert gateway.group("pid1-term").values["job_exit_code"] == 143
