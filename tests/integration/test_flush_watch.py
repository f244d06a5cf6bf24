"""`flush --watch` delivers what waits as soon as that can be done, and costs nothing while it cannot."""

import itertools
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from support import faulty_server as faulty
from support.faulty_server import FaultyServer
from support.program import BINARY, is_gone
from support.servers import free_port, wait_until


IS_SANITIZED = b"__asan_init" in pathlib.Path(BINARY).read_bytes()


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "state/spool"


@pytest.fixture
def run(pushmetrics, own_gateway, spool):
    def run(*args, url=None, **how):
        url = url or f"http://127.0.0.1:{own_gateway.port}"
        done = pushmetrics("run", "--url", url, "--spool", str(spool), "--retries", "0", *args, **how)
        assert done.status == 0, done.stderr
        return done

    return run


@pytest.fixture
def watch(pushmetrics, spool, tmp_path):
    """Starts a watch, whose messages go to a file; it is killed at the end."""
    started = []

    def start(*args, directory=None, **how):
        log = tmp_path / f"log{len(started)}"
        process = pushmetrics.spawn(
            "flush", "--watch", "--spool", str(directory or spool), *args, stderr=log.open("wb"), **how
        )
        process.log = log
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def entries(spool):
    return sorted(spool.glob("*/*.push"))


def is_empty(spool):
    return not entries(spool)


def is_idle(process):
    """It waits in poll(2), for the loop's descriptors."""
    with open(f"/proc/{process.pid}/syscall") as file:
        return file.read().split()[0] in ("7", "271")


def end(process, number=signal.SIGTERM):
    process.send_signal(number)
    return process.wait(timeout=15)


def test_what_is_added_while_the_gateway_is_down_is_delivered_once_it_is_up(watch, run, spool, own_gateway):
    process = watch()
    run("-j", "a", "--", "true")
    run("-j", "b", "--", "true")
    wait_until(lambda: "connection refused" in process.log.read_text(), 10)
    assert len(entries(spool)) == 2
    own_gateway.start(own_gateway.port)
    wait_until(lambda: is_empty(spool), 40, "the delivery of what waited")
    assert own_gateway.group("a").values["job_success"] == 1
    assert own_gateway.group("b").values["job_success"] == 1
    assert end(process) == 0
    # However often it was tried, the failure is reported once.
    assert process.log.read_text().count("connection refused") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_0_and_what_still_waits_is_named(watch, run, spool, number):
    run("-j", "a", "--", "true")
    process = watch()
    wait_until(lambda: "connection refused" in process.log.read_text(), 10)
    start = time.monotonic()
    assert end(process, number) == 0
    assert time.monotonic() - start < 5
    assert f"1 push still waits in {spool}\n" in process.log.read_text()
    assert len(entries(spool)) == 1


def test_what_was_added_just_before_the_signal_is_still_delivered(watch, run, spool, own_gateway):
    process = watch()
    wait_until(lambda: is_idle(process), 10)
    run("-j", "late", "--", "true")
    own_gateway.start(own_gateway.port)
    assert end(process) == 0
    assert is_empty(spool)
    assert own_gateway.group("late").values["job_success"] == 1


def test_a_gateway_that_hangs_holds_up_the_end_for_the_time_of_one_push_and_no_longer(watch, run, spool):
    with FaultyServer(faulty.silent) as server:
        run("-j", "a", "--push-timeout", "200ms", "--", "true", url=server.url)
        process = watch("--push-timeout", "1s")
        wait_until(lambda: "no answer" in process.log.read_text(), 10)
        start = time.monotonic()
        assert end(process) == 0
        assert time.monotonic() - start < 4
        # A second signal ends it at once.
        before = len(server.times)
        process = watch("--push-timeout", "30s")
        wait_until(lambda: len(server.times) > before, 10)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None
        assert end(process) == 0
    assert len(entries(spool)) == 1


def test_until_empty_ends_it_when_nothing_waits(watch, run, spool, own_gateway):
    assert watch("--until-empty").wait(timeout=10) == 0  # there is not even a directory
    run("-j", "a", "--", "true")
    process = watch("--until-empty")
    wait_until(lambda: "connection refused" in process.log.read_text(), 10)
    own_gateway.start(own_gateway.port)
    assert process.wait(timeout=40) == 0
    assert is_empty(spool)
    assert not (spool / "waiting").exists()


def test_until_empty_tells_by_its_status_that_a_push_was_discarded(watch, run, spool):
    with FaultyServer(faulty.in_turn(faulty.answer(503), faulty.answer(400))) as server:
        run("-j", "a", "--", "true", url=server.url)
        process = watch("--until-empty")
        assert process.wait(timeout=20) == 1
    assert "was discarded" in process.log.read_text() and "400" in process.log.read_text()


def test_a_target_that_is_down_holds_up_no_other(watch, run, spool, own_gateway):
    dead = f"http://127.0.0.1:{free_port()}"
    with FaultyServer(faulty.silent) as silent:
        run("-j", "dead", "--", "true", url=dead)
        run("-j", "silent", "--push-timeout", "200ms", "--", "true", url=silent.url)
        process = watch()
        wait_until(lambda: "connection refused" in process.log.read_text(), 10)
        run("-j", "well", "--", "true")
        assert len(entries(spool)) == 3
        own_gateway.start(own_gateway.port)
        wait_until(lambda: own_gateway.find("well"), 9, "the push of the one that is well")
    assert len(entries(spool)) == 2


def test_a_directory_that_appears_goes_and_comes_back_is_noticed(watch, run, spool, own_gateway):
    own_gateway.start(own_gateway.port)
    dead = own_gateway.port
    process = watch()
    for name in ("first", "second"):
        wait_until(lambda: is_idle(process), 10)
        own_gateway.stop()
        run("-j", name, "--", "true")
        own_gateway.start(dead)
        wait_until(lambda: own_gateway.find(name), 10, f"the push {name}")
        wait_until(lambda: is_empty(spool), 5)
        shutil.rmtree(spool.parent)
    assert end(process) == 0


def test_a_directory_that_another_takes_the_place_of_is_noticed(watch, run, spool, own_gateway, tmp_path):
    spool.mkdir(parents=True)
    process = watch()
    wait_until(lambda: is_idle(process), 10)
    other = tmp_path / "other"
    run("--spool", str(other), "-j", "moved", "--", "true")
    own_gateway.start(own_gateway.port)
    spool.rename(tmp_path / "old")
    other.rename(spool)
    wait_until(lambda: own_gateway.find("moved"), 10)
    assert end(process) == 0


def test_on_a_full_disk_it_delivers_and_so_makes_room(watch, run, tmp_path, own_gateway):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        run("--spool", str(disk / "s"), "-j", "a", "--", "true")
        (disk / "s" / "waiting").unlink()
        with open(disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
            while True:
                filler.write(b"x" * 4096)
        process = watch(directory=disk / "s")
        wait_until(lambda: "connection refused" in process.log.read_text(), 10)
        own_gateway.start(own_gateway.port)
        wait_until(lambda: is_empty(disk / "s"), 40)
        assert own_gateway.group("a").values["job_success"] == 1
        assert end(process) == 0
    finally:
        subprocess.run(["umount", disk], check=True)


def cpu_and_wakeups(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        ticks = sum(map(int, stat.read().rsplit(") ", 1)[1].split()[11:13]))
    with open(f"/proc/{process.pid}/status") as status:
        lines = dict(line.split(":", 1) for line in status.read().splitlines())
    return ticks, int(lines["voluntary_ctxt_switches"]), int(lines["RssAnon"].split()[0])


@pytest.mark.parametrize("state", ["missing", "empty", "delivered"])
def test_while_nothing_waits_it_does_nothing_at_all(watch, run, spool, own_gateway, state):
    if state != "missing":
        spool.mkdir(parents=True)
    process = watch()
    if state == "delivered":
        run("-j", "a", "--", "true")
        own_gateway.start(own_gateway.port)
        wait_until(lambda: is_empty(spool), 40)
    time.sleep(0.5)
    wait_until(lambda: is_idle(process), 10)
    before = cpu_and_wakeups(process)
    time.sleep(4)
    ticks, wakeups, memory = cpu_and_wakeups(process)
    assert (ticks - before[0], wakeups - before[1]) == (0, 0)
    assert memory < (65536 if IS_SANITIZED else 4096)  # KiB; with libcurl loaded


def test_a_target_that_stays_down_is_tried_less_and_less_often(watch, run, spool):
    with FaultyServer(faulty.answer(503)) as server:
        run("-j", "a", "--", "true", url=server.url)
        server.times.clear()
        watch()
        time.sleep(10)
        # At about 0, 1, 3, 7 seconds.
        assert 3 <= len(server.times) <= 5
        pauses = [later - earlier for earlier, later in itertools.pairwise(server.times)]
        assert pauses == sorted(pauses)


def test_several_watches_and_runs_deliver_each_push_once(watch, run, spool, own_gateway, pushmetrics):
    for i in range(10):
        run("-j", f"job{i}", "--", "true")
    own_gateway.start(own_gateway.port)
    first, second = watch("--until-empty", "-v"), watch("--until-empty", "-v")
    assert (first.wait(timeout=40), second.wait(timeout=40)) == (0, 0)
    delivered = (first.log.read_text() + second.log.read_text()).count(" was delivered to ")
    assert delivered == 10
    assert all(own_gateway.find(f"job{i}") for i in range(10))


def test_a_mark_is_there_as_long_as_something_waits(run, spool, own_gateway, pushmetrics):
    run("-j", "a", "--", "true")
    assert (spool / "waiting").exists()
    flush = ("flush", "--spool", str(spool), "--retries", "0")
    assert pushmetrics(*flush).status == 1
    assert (spool / "waiting").exists()
    own_gateway.start(own_gateway.port)
    assert pushmetrics(*flush).status == 0
    assert not (spool / "waiting").exists()


def test_until_empty_alone_is_an_error(pushmetrics):
    result = pushmetrics("flush", "--until-empty")
    assert result.status == 2
    assert "--until-empty needs --watch" in result.stderr


def test_it_is_killed_at_any_moment_and_nothing_is_lost(watch, run, spool, own_gateway):
    own_gateway.start(own_gateway.port)
    port = own_gateway.port
    own_gateway.stop()
    for i in range(20):
        run("-j", f"job{i}", "--", "true")
    own_gateway.start(port)
    for i in range(10):
        process = watch()
        time.sleep(0.004 * i)
        process.kill()
        process.wait()
        assert is_gone(process.pid)
    assert watch("--until-empty").wait(timeout=40) == 0
    assert is_empty(spool)
    assert all(own_gateway.group(f"job{i}").values["job_success"] == 1 for i in range(20))
