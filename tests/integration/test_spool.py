"""The spool: what could not be delivered waits, whole and in order, and hurts nobody."""

import fcntl
import random
import re
import shutil
import socket
import subprocess
import time

import pytest

from support import faulty_server as faulty
from support.faulty_server import FaultyServer
from support.program import finish


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def run(pushmetrics, own_gateway, spool):
    def run(*args, **how):
        options = ("--url", f"http://127.0.0.1:{own_gateway.port}", "--spool", str(spool), "--retries", "0")
        return pushmetrics("run", *options, *args, **how)

    return run


@pytest.fixture
def flush(pushmetrics, spool):
    return lambda *args, **how: pushmetrics("flush", "--spool", str(spool), "--retries", "0", *args, **how)


def entries(spool):
    return sorted(spool.glob("*/*.push"), key=lambda path: path.name)


def start(gateway):
    gateway.start(gateway.port)
    return gateway


def test_a_push_that_cannot_be_delivered_waits_and_the_job_is_not_hurt(run, spool):
    result = run("-j", "nightly", "--", "sh", "-c", "echo out; exit 3")
    assert (result.status, result.stdout) == (3, "out\n")
    assert len(result.messages) == 1
    assert "job 'nightly': exited 3; not pushed to " in result.stderr
    assert f"; spooled\nhint: the next push delivers it, or: pushmetrics flush --spool {spool}\n" in result.stderr
    assert len(entries(spool)) == 1
    assert entries(spool)[0].stat().st_mode & 0o7777 == 0o600


def test_the_next_push_delivers_what_waits_before_its_own(run, spool, own_gateway):
    run("-j", "a", "--", "true")
    run("-j", "b", "--", "false")
    run("-j", "a", "--", "sh", "-c", "exit 7")
    start(own_gateway)
    result = run("-j", "c", "--", "true")
    assert (result.status, result.stderr) == (0, "")
    assert entries(spool) == []
    a = own_gateway.group("a").values
    assert a["job_exit_code"] == 7
    # The success that waited before the failure is not lost by it.
    assert a["job_last_success_timestamp_seconds"] <= a["job_last_completion_timestamp_seconds"]
    assert own_gateway.group("b").values["job_success"] == 0
    assert own_gateway.group("c").values["job_success"] == 1


def test_a_long_outage_leaves_a_bounded_number_of_entries_a_group(run, spool):
    for status in (0, 1, 0, 1, 1, 0, 1, 1):
        run("-j", "minutely", "--", "sh", "-c", f"exit {status}")
    assert len(entries(spool)) <= 2


def test_flush_delivers_by_hand_and_tells_what_still_waits(run, flush, spool, own_gateway):
    run("-j", "a", "--", "true")
    result = flush()
    assert result.status == 1
    assert "1 push still waits in" in result.stderr
    start(own_gateway)
    assert flush().status == 0
    assert entries(spool) == []
    assert own_gateway.group("a").values["job_success"] == 1
    assert flush().status == 0


def test_without_a_spool_the_loss_is_said(run, spool):
    result = run("--no-spool", "-j", "a", "--", "true")
    assert result.status == 0
    assert "; discarded" in result.stderr
    assert not spool.exists()


def test_where_the_spool_cannot_be_written_the_loss_is_said_with_the_reason(run, tmp_path, spool):
    spool.write_text("in the way")
    result = run("-j", "a", "--", "true")
    assert result.status == 0
    assert "; discarded" in result.stderr
    assert "it could not be spooled: " in result.stderr and "Not a directory" in result.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB, mounted in a namespace of its own that calls are put into."""
    point = tmp_path / "disk"
    point.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", point], check=True)
    yield point
    subprocess.run(["umount", point], check=True)


def test_a_full_disk_costs_that_push_and_harms_none_that_waits(run, small_disk):
    assert "; spooled" in run("--spool", str(small_disk / "s"), "-j", "good", "--", "true").stderr
    with open(small_disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(b"x" * 4096)
    before = {path: path.read_bytes() for path in entries(small_disk / "s")}
    result = run("--spool", str(small_disk / "s"), "-j", "late", "--", "sh", "-c", "exit 5")
    assert result.status == 5
    assert "; discarded" in result.stderr and "No space left on device" in result.stderr
    assert {path: path.read_bytes() for path in entries(small_disk / "s")} == before
    assert list(small_disk.glob("s/*/.*tmp*")) == []


def test_a_read_only_spool_costs_that_push_only(run, small_disk):
    run("--spool", str(small_disk / "s"), "-j", "good", "--", "true")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    result = run("--spool", str(small_disk / "s"), "-j", "late", "--", "true")
    assert result.status == 0
    assert "Read-only file system" in result.stderr


def test_a_damaged_entry_is_set_aside_and_named_and_the_others_are_delivered(run, flush, spool, own_gateway):
    run("-j", "a", "--", "true")
    run("-j", "b", "--", "true")
    damaged = entries(spool)[0]
    damaged.write_bytes(damaged.read_bytes()[:-10])
    (damaged.parent / "README").write_text("foreign")
    start(own_gateway)
    result = flush()
    assert result.status == 1
    assert "it is set aside as" in result.stderr and damaged.stem in result.stderr
    assert own_gateway.group("b").values["job_success"] == 1
    assert len(list(spool.glob("*/*.bad"))) == 1


def test_no_secret_is_in_the_spool_and_delivery_takes_the_present_one(pushmetrics, spool, own_gateway):
    url = f"http://user:hunter2@127.0.0.1:{own_gateway.port}"
    result = pushmetrics("run", "--spool", str(spool), "--retries", "0", "-j", "a", "--", "true",
                         env={"PUSHGATEWAY_URL": url, "PUSHMETRICS_BEARER_TOKEN": None})
    assert "hunter2" not in result.stderr
    assert b"hunter2" not in entries(spool)[0].read_bytes()
    start(own_gateway)
    assert pushmetrics("flush", "--spool", str(spool), env={"PUSHGATEWAY_URL": url}).status == 0
    assert own_gateway.group("a").values["job_success"] == 1


def test_what_the_server_refuses_does_not_hold_up_what_waits_behind_it(pushmetrics, flush, spool, own_gateway):
    url = f"http://127.0.0.1:{own_gateway.port}"
    options = ("push", "--url", url, "--spool", str(spool), "--retries", "0")
    assert pushmetrics(*options, "-j", "one", input="# TYPE clash counter\nclash 1\n").status == 1
    assert pushmetrics(*options, "-j", "two", input="good 1\n").status == 1
    start(own_gateway)
    own_gateway.push("# TYPE clash gauge\nclash 1\n", "other")
    result = flush()
    assert result.status == 1
    assert "job 'one'" in result.stderr and "was discarded" in result.stderr
    assert own_gateway.group("two").values["good"] == 1
    assert entries(spool) == []


def test_a_server_that_answers_later_gets_the_pushes_in_order(run, spool, own_gateway):
    for number in range(5):
        run("-j", "ordered", "-m", f"only_{number}=1", "-m", f"last={number}", "--", "true")
    start(own_gateway)
    run("-j", "other", "--", "true")
    values = own_gateway.group("ordered").values
    assert values["last"] == 4
    assert all(values[f"only_{number}"] == 1 for number in range(5))


def test_hundreds_that_wait_for_a_directory_are_delivered_one_by_one(pushmetrics, spool, tmp_path):
    directory = tmp_path / "textfiles"
    target = ("--url", f"textfile:{directory}", "--spool", str(spool), "--retries", "0")
    pushmetrics("push", *target, "-j", "many", "-m", "x=1")
    (first,) = entries(spool)
    for number in range(1, 300):
        shutil.copy(first, first.with_name(f"{int(first.stem) + number:0{len(first.stem)}}.push"))
    directory.mkdir()
    result = pushmetrics("run", *target, "-j", "next", "--", "sh", "-c", "exit 3")
    assert (result.status, result.stderr) == (3, "")
    assert len(entries(spool)) < 300
    flushed = pushmetrics("flush", "--spool", str(spool), timeout=120)
    assert (flushed.status, flushed.stderr) == (0, "")
    assert entries(spool) == []
    assert any('job_exit_code{job="next"} 3' in file.read_text() for file in directory.iterdir())


def test_a_push_and_what_waits_have_one_budget(run, spool, own_gateway):
    run("-j", "first", "--", "true")

    def slow(connection):
        time.sleep(1.4)
        faulty.answer(200)(connection)

    with FaultyServer(slow, socket.create_server(("127.0.0.1", own_gateway.port))) as server:
        began = time.monotonic()
        result = run("-j", "second", "--push-timeout", "2s", "--", "true")
        took = time.monotonic() - began
    assert len(server.requests) == 2
    assert (result.status, result.stderr) == (0, "")
    (left,) = entries(spool)
    assert "job first\n" in left.read_text(), "the new push goes first"
    assert took < 2.7


def test_fifty_at_once_lose_nothing_and_the_last_word_is_kept(pushmetrics, flush, spool, own_gateway):
    url = f"http://127.0.0.1:{own_gateway.port}"
    options = ("run", "--url", url, "--spool", str(spool), "--retries", "0")
    running = [pushmetrics.spawn(*options, "-j", f"job{number % 10}", "-m", f"of_{number}=1", "--", "true")
               for number in range(50)]
    results = [finish(process, 60) for process in running]
    assert [result.status for result in results] == [0] * 50
    start(own_gateway)
    running = [pushmetrics.spawn(*options, "-j", f"job{number}", "-m", "after=1", "--", "true")
               for number in range(10)]
    for process in running:
        assert finish(process, 60).status == 0
    flush()
    assert entries(spool) == []
    for number in range(10):
        values = own_gateway.group(f"job{number}").values
        assert values["after"] == 1
        assert all(values[f"of_{each}"] == 1 for each in range(number, 50, 10))


KILLS = 500
KILLED_JOBS = 10


def pushed_numbers(requests):
    """(job, number) of each push of the runs that are killed; not of a report that a run was interrupted."""
    for head, body in requests:
        number = re.search(r"^last (\d+)", body, re.MULTILINE)
        if number:
            yield re.search(r"/job/(\w+)", head)[1], int(number[1])


def numbers_in(spool):
    numbers = set()
    for path in entries(spool):
        found = re.search(r"^last (\d+)", path.read_text(), re.MULTILINE)
        if found:
            numbers.add(int(found[1]))
    return numbers


def test_killed_at_any_moment_it_loses_no_push_and_keeps_the_order(pushmetrics, flush, spool, own_gateway):
    """The runs are killed as they spool, and as they deliver. What was once in the spool arrives, in order."""
    randomness = random.Random(4711)
    accounted, relayed = set(), []
    start(own_gateway)
    relay = faulty.recording_relay(own_gateway.port, relayed)
    with FaultyServer(faulty.reset) as server:
        options = ("run", "--url", server.url, "--spool", str(spool), "--retries", "0")
        alive = max(pushmetrics(*options, "--no-spool", "-j", "whole", "--", "true").elapsed for _ in range(5))
        for number in range(KILLS):
            server.behaviour = faulty.reset if number // 10 % 2 == 0 else relay
            job = f"killed{number % KILLED_JOBS}"
            metrics = ("-m", f"of_{number}=1", "-m", f"last={number}")
            process = pushmetrics.spawn(*options, "-j", job, *metrics, "--", "true", stderr=subprocess.DEVNULL)
            time.sleep(randomness.uniform(0, 2 * alive))
            process.kill()
            if process.wait(10) == 0:
                accounted.add(number)
            process.stdout.close()
            server.settle()
            accounted |= numbers_in(spool)
        server.behaviour = relay
        assert flush().status == 0
    arrived = list(pushed_numbers(relayed))
    assert entries(spool) == []
    assert len(accounted) > KILLS / 10, "hardly a run lived to push"
    for job in range(KILLED_JOBS):
        values = own_gateway.group(f"killed{job}").values
        missing = [number for number in accounted if number % KILLED_JOBS == job and values.get(f"of_{number}") != 1]
        assert missing == []
        order = [number for name, number in arrived if name == f"killed{job}"]
        assert order == sorted(order)


def test_a_spool_that_somebody_keeps_locked_does_not_hold_up_a_push(run, pushmetrics, spool, gateway, own_gateway):
    run("-j", "first", "--", "true")
    (order,) = spool.glob("*/order")
    with open(order) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run("--url", gateway.url, "-j", "second", "--", "sh", "-c", "exit 3")
        more = [run("-j", f"job{i}", "--", "true") for i in range(3)]
    assert result.status == 3 and result.elapsed < 3
    assert gateway.group("second").values["job_exit_code"] == 3
    assert all("; spooled" in each.stderr for each in [result, *more])
    assert len(entries(spool)) == 5
