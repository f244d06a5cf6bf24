"""`run --linger`: what could not be delivered is, after the run, by a process that nobody waits for."""

import os
import pathlib
import re
import signal
import socket
import time

import pytest

from support.faulty_server import FaultyServer
from support.program import is_gone
from support.servers import wait_until


@pytest.fixture
def url(own_gateway):
    return f"http://127.0.0.1:{own_gateway.port}"


@pytest.fixture
def spool(pushmetrics):
    return pushmetrics.home / "state/pushmetrics"


@pytest.fixture
def run(pushmetrics, url):
    """A run with --linger; `lingers` of the result is the process that it leaves behind."""
    left = []

    def run(*args, time="1m", **how):
        done = pushmetrics("run", "-v", "--url", url, "--retries", "0", "--linger", time, *args, **how)
        found = re.search(r"process (\d+) delivers what is spooled, for ", done.stderr)
        done.lingers = int(found.group(1)) if found else None
        left.extend([done.lingers] if found else [])
        return done

    yield run
    for pid in left:
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def entries(spool):
    return list(spool.glob("*/*.push"))


def command_line(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()


def test_the_push_is_delivered_after_the_run_which_ends_at_once(run, own_gateway, spool):
    done = run("-j", "nightly", "--", "sh", "-c", "exit 3")
    # Whoever reads the run's output, as cron does, has seen its end.
    assert done.status == 3 and done.elapsed < 5
    assert len(entries(spool)) == 1 and not is_gone(done.lingers)
    own_gateway.start(own_gateway.port)
    wait_until(lambda: own_gateway.find("nightly"), 40, "the delivery")
    assert own_gateway.group("nightly").values["job_exit_code"] == 3
    wait_until(lambda: is_gone(done.lingers), 10, "its end")
    assert entries(spool) == []


def test_a_job_that_dies_of_a_signal_does_so_with_a_process_left_behind(run):
    done = run("-j", "killed", "--", "sh", "-c", "kill -KILL $$")
    assert done.status == -signal.SIGKILL and not is_gone(done.lingers)


def test_the_process_has_nothing_of_its_caller(run, spool):
    reader, writer = os.pipe()
    done = run("-j", "a", "--", "sleep", "0.123", pass_fds=[writer])
    os.close(writer)
    with os.fdopen(reader) as pipe:
        assert pipe.read() == "", "the job's descriptors are closed"
    opened = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{done.lingers}/fd").iterdir()]
    own = ("/dev/null", "anon_inode:", str(spool))
    assert opened and [name for name in opened if not name.startswith(own)] == []
    assert os.getsid(done.lingers) == done.lingers
    assert os.readlink(f"/proc/{done.lingers}/cwd") == "/"
    # Nobody who looks for the job finds it.
    assert b"sleep" not in command_line(done.lingers) and command_line(done.lingers).startswith(b"pushmetrics: ")


def test_where_nothing_is_spooled_no_process_stays(run, own_gateway, spool):
    own_gateway.start(own_gateway.port)
    done = run("-j", "a", "--", "true")
    assert done.status == 0 and done.lingers is None
    assert not (spool / "linger").exists()


def test_nothing_stays_after_a_dry_run_nor_without_a_spool(run, spool):
    assert run("-j", "a", "--", "true").lingers is not None
    assert run("--dry-run", "-j", "b", "--", "true").lingers is None
    assert run("--no-spool", "-j", "c", "--", "true").lingers is None


def test_it_ends_when_its_time_is_over_and_keeps_what_is_spooled(run, spool):
    done = run("-j", "a", "--", "true", time="1s")
    began = time.monotonic()
    assert not is_gone(done.lingers)
    wait_until(lambda: is_gone(done.lingers), 10, "its end")
    assert time.monotonic() - began > 0.5
    assert len(entries(spool)) == 1


def test_a_signal_ends_it(run, spool):
    done = run("-j", "a", "--", "true")
    wait_until(lambda: command_line(done.lingers).startswith(b"pushmetrics: "))
    time.sleep(0.3)
    os.kill(done.lingers, signal.SIGTERM)
    wait_until(lambda: is_gone(done.lingers), 5, "its end")
    assert len(entries(spool)) == 1


def test_there_is_one_process_a_spool_and_a_later_run_prolongs_its_stay(run, own_gateway, spool):
    first = run("-j", "a", "--", "true", time="2s")
    later = run("-j", "b", "--", "true", time="7s")
    began = time.monotonic()
    assert later.status == 0 and later.lingers is None
    assert "a process that an earlier run left delivers what is spooled, for 7s" in later.stderr
    time.sleep(4)
    assert not is_gone(first.lingers)
    wait_until(lambda: is_gone(first.lingers), 20, "its end")
    assert time.monotonic() - began > 6.5
    # And what an earlier process was asked for is no concern of the next one.
    last = run("-j", "c", "--", "true", time="1s")
    assert last.lingers is not None
    wait_until(lambda: is_gone(last.lingers), 6, "its end")


def test_many_runs_at_once_leave_one_process(pushmetrics, url, spool, own_gateway):
    arguments = ("run", "-v", "--url", url, "--retries", "0", "--linger", "1m")
    runs = [pushmetrics.spawn(*arguments, "-j", f"job{number}", "--", "true") for number in range(12)]
    said = "".join(process.communicate(timeout=60)[1].decode() for process in runs)
    left = [int(pid) for pid in re.findall(r"process (\d+) delivers", said)]
    assert len(left) == 1, said
    own_gateway.start(own_gateway.port)
    wait_until(lambda: entries(spool) == [], 40, "the delivery")
    wait_until(lambda: is_gone(left[0]), 10, "its end")
    assert all(own_gateway.find(f"job{number}") for number in range(12))


def test_the_credentials_are_those_of_the_run(pushmetrics, tmp_path):
    """Of its environment, which the job does not get, and of a file beside it."""
    (pushmetrics.home / "secret").write_text("sesame")
    for given in ({"env": {"PUSHMETRICS_BEARER_TOKEN": "sesame"}}, {"args": ("--bearer-token-file", "secret")}):
        answers = iter(["503 Service Unavailable"] * 2)

        def answer(connection):
            connection.read_request()
            status = next(answers, "200 OK")
            connection.send(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

        with FaultyServer(answer) as server:
            arguments = ("--url", server.url, "--retries", "0", "--linger", "30s", *given.get("args", ()))
            assert pushmetrics("run", *arguments, "-j", "a", "--", "true", env=given.get("env")).status == 0
            wait_until(lambda: not entries(pushmetrics.home / "state/pushmetrics"), 30, "the delivery")
            posts = [head for head, _ in server.requests if head.startswith("POST")]
            assert len(posts) >= 2 and all("authorization: bearer sesame" in head.lower() for head in posts)


def test_a_spool_that_cannot_have_the_file_costs_that_only(run, spool):
    (spool / "linger").mkdir(parents=True)
    done = run("-j", "a", "--", "true")
    assert done.status == 0 and "--linger: what is spooled waits: " in done.stderr
    assert done.lingers is None and len(entries(spool)) == 1


def test_a_push_that_is_lost_is_reported_to_the_system_log(pushmetrics, tmp_path):
    """Nothing is lost silently, although nobody reads what it prints."""
    answers = iter(["503 Service Unavailable"])

    def answer(connection):
        connection.read_request()
        status = next(answers, "400 Bad Request")
        connection.send(f"HTTP/1.1 {status}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnay\n".encode())

    (tmp_path / "dev").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log, FaultyServer(answer) as server:
        log.bind(str(tmp_path / "dev/log"))
        log.settimeout(30)
        mount = 'mount --bind /dev/null "$1/null"; mount --rbind "$1" /dev; shift; exec "$@"'
        (tmp_path / "dev/null").touch()
        prefix = ("unshare", "--mount", "sh", "-ec", mount, "sh", str(tmp_path / "dev"))
        arguments = ("--url", server.url, "--retries", "0", "--linger", "30s")
        done = pushmetrics("run", *arguments, "-j", "a", "--", "true", prefix=prefix)
        assert done.status == 0 and "; spooled" in done.stderr
        said = ""
        while "was discarded" not in said:
            said += log.recv(65536).decode()
    assert re.search(r"pushmetrics: .*job 'a': a push that waited .* was discarded: .*400", said)


@pytest.fixture
def container(pushmetrics, url):
    """A run as the first process of a PID namespace."""
    started = []

    def container(*args):
        prefix = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
        process = pushmetrics.spawn("run", "--url", url, "--retries", "0", *args, prefix=prefix)
        started.append(process)
        return process

    yield container
    for process in started:
        process.kill()
        process.communicate()


def first_process(unshare):
    (pid,) = pathlib.Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()
    return int(pid)


def test_in_a_container_the_run_stays_itself(container, own_gateway, spool):
    process = container("--linger", "1m", "-j", "a", "--", "sh", "-c", "exit 3")
    wait_until(lambda: entries(spool), 10)
    time.sleep(0.5)
    assert process.poll() is None
    own_gateway.start(own_gateway.port)
    wait_until(lambda: own_gateway.find("a"), 40, "the delivery")
    assert process.wait(timeout=10) == 3 and entries(spool) == []


def test_a_container_that_is_stopped_says_what_is_still_spooled(container, spool):
    process = container("--linger", "1m", "-j", "a", "--", "sh", "-c", "exit 3")
    wait_until(lambda: (spool / "linger").exists(), 10)
    time.sleep(0.5)
    os.kill(first_process(process), signal.SIGTERM)
    stderr = process.communicate(timeout=15)[1].decode()
    assert process.returncode == 3
    assert stderr.endswith(f"pushmetrics: 1 push is still spooled in {spool}\n")
