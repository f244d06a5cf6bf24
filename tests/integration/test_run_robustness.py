"""Whatever fails around it, `pushmetrics run` supervises the job to its end and does not lose its push silently."""

import fcntl
import os
import signal
import subprocess
import threading
import time

import pytest

from support import faulty_server as faulty
from support.faulty_server import FaultyServer
from support.jobs import python, sh
from support.program import finish
from support.servers import free_port, wait_until


def test_a_crash_leaves_the_job_its_end_and_its_exit_status(pushmetrics, tmp_path):
    """As of a library that did not get memory."""
    job = sh(f"echo begun >{tmp_path}/begun; sleep 1; echo output; exit 3")
    options = ("--url", f"http://127.0.0.1:{free_port()}", "--spool", str(tmp_path / "spool"))
    process = pushmetrics.spawn("run", *options, "-j", "j", "--", *job)
    wait_until((tmp_path / "begun").exists)
    process.send_signal(signal.SIGSEGV)
    result = finish(process)
    assert (result.status, result.stdout) == (3, "output\n")
    assert result.stderr == (
        "pushmetrics: job 'j': internal error (SIGSEGV); "
        "a push that is not reported as delivered or spooled is discarded\n"
    )
    assert list(pushmetrics.home.glob("tmp/*")) == []


def test_a_crash_of_push_is_reported(pushmetrics):
    with FaultyServer(faulty.silent) as server:
        process = pushmetrics.spawn("push", "--url", server.url, "-j", "j", "-m", "x=1")
        wait_until(lambda: server.times)
        process.send_signal(signal.SIGFPE)
        result = finish(process)
    assert result.status == 1
    assert "it crashed; a push that is not spooled is discarded" in result.stderr


class FullPipe:
    """A pipe for standard error that is full, and read only when `drain` is called."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, fcntl.F_SETFL, os.O_NONBLOCK)
        try:
            while True:
                os.write(self.writer, b"x" * 4096)
        except BlockingIOError:
            fcntl.fcntl(self.writer, fcntl.F_SETFL, 0)

    def drain_after(self, seconds):
        """Reads to the end in the background; `text()` waits for it."""
        self.text_read = b""

        def read():
            time.sleep(seconds)
            while piece := os.read(self.reader, 65536):
                self.text_read += piece

        self.thread = threading.Thread(target=read, daemon=True)
        self.thread.start()

    def text(self):
        self.thread.join(10)
        return self.text_read.replace(b"x", b"").decode()


def spawn_with_full_standard_error(pushmetrics, pipe, *arguments):
    process = pushmetrics.spawn("run", "-l", "run_id=4711", *arguments, stdout=subprocess.DEVNULL, stderr=pipe.writer)
    os.close(pipe.writer)
    return process


def test_a_time_limit_acts_while_standard_error_is_full(pushmetrics, gateway):
    pipe = FullPipe()
    options = ("--url", gateway.url, "-j", "stuck", "--timeout", "300ms", "--kill-after", "100ms")
    process = spawn_with_full_standard_error(pushmetrics, pipe, *options, "--", "sleep", "60")
    assert process.wait(20) == 124
    assert gateway.group("stuck", run_id="4711").values["job_timed_out"] == 1
    os.close(pipe.reader)


def test_a_signal_is_forwarded_while_standard_error_is_full(pushmetrics, gateway, tmp_path):
    pipe = FullPipe()
    job = sh('trap "echo TERM >$1; exit 5" TERM; echo >$1.ready; while :; do sleep 0.05; done', str(tmp_path / "log"))
    process = spawn_with_full_standard_error(pushmetrics, pipe, "--url", gateway.url, "-j", "stuck-term", "--", *job)
    deadline = time.monotonic() + 10
    while not (tmp_path / "log.ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.terminate()
    assert process.wait(20) == 5
    assert (tmp_path / "log").read_text() == "TERM\n"
    os.close(pipe.reader)


def test_a_loss_is_reported_when_the_job_left_standard_error_full_and_non_blocking(pushmetrics):
    fill = """
import fcntl, os, sys
fcntl.fcntl(2, fcntl.F_SETFL, fcntl.fcntl(2, fcntl.F_GETFL) | os.O_NONBLOCK)
try:
    while True: os.write(2, b"x" * 4096)
except BlockingIOError:
    sys.exit(3)
"""
    pipe = FullPipe()
    pipe.drain_after(1)
    options = ("--url", f"http://127.0.0.1:{free_port()}", "--retries", "0", "--no-spool", "-j", "node")
    process = spawn_with_full_standard_error(pushmetrics, pipe, *options, "--", *python(fill))
    assert process.wait(20) == 3
    assert "discarded" in pipe.text()


def test_a_time_limit_ends_a_job_that_left_its_group_or_stopped_itself(run, gateway):
    for name, job in {
        "left": python("import os, time; os.setpgid(0, os.getppid()) if os.fork() == 0 else os.wait(); time.sleep(60)"),
        "session": ["setsid", "--wait", "sleep", "60"],
        "stopped": sh("kill -STOP $$"),
    }.items():
        result = run("-j", f"limit-{name}", "--timeout", "500ms", "--kill-after", "200ms", "--", *job, timeout=20)
        assert result.status == 124
        assert gateway.group(f"limit-{name}").values["job_timed_out"] == 1


def test_a_fifo_that_nobody_writes_to_does_not_hold_up_signals(pushmetrics, gateway, tmp_path):
    os.mkfifo(tmp_path / "password", 0o600)
    log = tmp_path / "log"
    job = sh('trap "date +%s.%N >$1; exit 5" TERM; echo >$1.ready; while :; do sleep 0.02; done', str(log))
    options = ("--url", gateway.url, "-j", "fifo", "--user", "u", "--password-file", str(tmp_path / "password"))
    process = pushmetrics.spawn("run", *options, "--notify-start", "--", *job, stderr=subprocess.DEVNULL)
    while not (tmp_path / "log.ready").exists():
        time.sleep(0.01)
    sent = time.time()
    process.terminate()
    assert process.wait(20) == 5
    assert float(log.read_text()) - sent < 1


def test_the_environment_that_the_job_can_read_of_pushmetrics_holds_no_secret(run):
    secrets = {
        "PUSHMETRICS_PASSWORD": "hidden-password",
        "PUSHMETRICS_BEARER_TOKEN": "hidden-token",
        "PUSHMETRICS_HEADER": "X-Key: hidden-header",
        "PUSHGATEWAY_URL": "http://user:hidden-url@127.0.0.1:1",
    }
    result = run("-j", "secrets", "--", *sh("tr '\\0' '\\n' </proc/$PPID/environ; env; exit 3"), env=secrets)
    assert result.status == 3
    assert "hidden" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://u:SECRET@127.0.0.1:1 http://127.0.0.1:1/?token=SECRET",
        "http://127.0.0.1:1/p#SECRET",
        "http://u:12 SECRET@127.0.0.1:1",
        "http://u:12 a SECRET b@127.0.0.1:1",
        "http://u:SECRET",
        "u:SECRET@127.0.0.1:1",
        "textfile:u:SECRET@/x",
    ],
)
@pytest.mark.parametrize("given_by", ["environment", "command line", "file"])
def test_no_secret_of_a_url_is_printed_or_stored_or_given_to_the_job(pushmetrics, url, given_by):
    options, environment = ["--retries", "0", "--push-timeout", "1s"], {}
    if given_by == "environment":
        environment["PUSHMETRICS_URL"] = url
    elif given_by == "command line":
        options += ["--url", url]
    else:
        configuration = pushmetrics.home / "configuration.toml"
        configuration.write_text(f'url = "{url}"\n')
        options += ["--config", str(configuration)]
    for command in (["run", "-v", *options, "--", "env"], ["push", "-v", "-j", "j", "-m", "x=1", *options], ["doctor", *options]):
        result = pushmetrics(*command, env=environment)
        assert "SECRET" not in result.stdout + result.stderr, result
    state = pushmetrics.home / "state"
    assert not [path for path in state.rglob("*") if path.is_file() and "SECRET" in path.read_text()]
