"""While a job runs, `--notify-start` and `--heartbeat` say so, and cost the job nothing."""

import signal
import socket
import subprocess
import time

import pytest

from support.jobs import sh
from support.program import finish
from support.servers import free_port, wait_until

RUNNING = "job_running"
HEARTBEAT = "job_heartbeat_timestamp_seconds"


@pytest.fixture
def start(pushmetrics, gateway):
    """A run whose job waits for a line on its standard input; ended with the test if it is still there."""
    processes = []

    def start(*args, url=gateway.url, job="echo started; read line; exit 3"):
        process = pushmetrics.spawn("run", "--url", url, *args, "--", *sh(job), stdin=subprocess.PIPE)
        processes.append(process)
        assert process.stdout.readline() == b"started\n"
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.terminate()
            finish(process)


def test_the_start_is_pushed_while_the_job_runs_and_its_end_afterwards(start, gateway):
    before = time.time()
    process = start("-j", "notified", "--notify-start")
    wait_until(lambda: gateway.find("notified"))
    group = gateway.group("notified")
    assert group.values[RUNNING] == 1
    assert before <= group.values[HEARTBEAT] <= time.time()
    assert before <= group.values["job_start_timestamp_seconds"] <= time.time()
    assert "job_success" not in group and "job_duration_seconds" not in group
    assert all(family.type == "gauge" and family.help for family in group.pushed.values())
    result = finish(process, input="go on\n")
    assert (result.status, result.stderr) == (3, "")
    values = gateway.group("notified").values
    assert values[RUNNING] == 0
    assert values["job_exit_code"] == 3


def test_the_start_leaves_what_the_last_run_said(run, start, gateway):
    run("-j", "notified-again", "--", "true")
    last = gateway.group("notified-again").values
    process = start("-j", "notified-again", "--notify-start")
    wait_until(lambda: gateway.group("notified-again").values.get(RUNNING) == 1)
    values = gateway.group("notified-again").values
    for name in ("job_success", "job_duration_seconds", "job_last_success_timestamp_seconds"):
        assert values[name] == last[name]
    finish(process, input="go on\n")


def test_a_heartbeat_is_renewed_until_the_job_ends(start, gateway):
    process = start("-j", "beating", "--heartbeat", "100ms")
    beats = set()

    def has_beaten():
        group = gateway.find("beating")
        beats.update([group.values[HEARTBEAT]] if group else [])
        return len(beats) >= 4

    wait_until(has_beaten)
    assert finish(process, input="go on\n").status == 3
    values = gateway.group("beating").values
    assert values[RUNNING] == 0
    assert values["job_exit_code"] == 3


def test_there_is_no_sign_of_life_unless_asked_for(run, gateway):
    run("-j", "silent", "--", "true")
    assert RUNNING not in gateway.group("silent") and HEARTBEAT not in gateway.group("silent")


def test_a_killed_job_is_not_left_running(start, gateway):
    process = start("-j", "killed", "--heartbeat", "100ms", job="echo started; exec sleep 30")
    wait_until(lambda: gateway.find("killed"))
    process.terminate()
    assert finish(process).status == -signal.SIGTERM
    values = gateway.group("killed").values
    assert (values[RUNNING], values["job_success"]) == (0, 0)


def test_a_short_job_is_never_said_to_run_when_it_has_ended(run, gateway):
    for n in range(20):
        assert run("-j", "short", "--notify-start", "-m", f"n={n}", "--", "true").status == 0
        values = gateway.group("short").values
        assert (values[RUNNING], values["n"]) == (0, n)


def test_a_dead_gateway_gets_one_line_although_each_beat_failed(start):
    url = f"http://127.0.0.1:{free_port()}"
    process = start("-j", "beats-nobody", "--heartbeat", "100ms", "--retries", "0", url=url)
    time.sleep(0.5)
    result = finish(process, input="go on\n")
    assert result.status == 3
    assert len(result.messages) == 1
    assert "'beats-nobody'" in result.stderr and url in result.stderr


def test_a_black_hole_delays_neither_the_job_nor_its_last_push_beyond_the_push_timeout(start):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = start("-j", "unheard", "--heartbeat", "100ms", "--push-timeout", "500ms", url=url)
        result = finish(process, input="go on\n")
    assert result.status == 3
    assert result.elapsed < 2.5
    assert len(result.messages) == 1
