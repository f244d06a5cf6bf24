"""100,000 pushes wait: a run, a push and the spool's limits cost no more than with none."""

import os
import re
import socket
import subprocess
import time
import zlib

import pytest

from support import faulty_server as faulty
from support.faulty_server import FaultyServer
from support.servers import free_port

MANY = 100_000
BODY = b"# TYPE job_success gauge\njob_success 1\n# TYPE job_exit_code gauge\njob_exit_code 0\n"


def name_hash(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & (2**64 - 1)
    return value


class LargeSpool:
    """MANY entries for a target at a port where nobody listens, each of a group of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = directory / f"{name_hash(self.url):016x}"
        self.folder.mkdir(parents=True, mode=0o700)
        self.log = self.folder / "order"
        first = time.time_ns() - 60 * 10**9
        with open(self.log, "w") as log:
            for i in range(MANY):
                head = (
                    f"pushmetrics-spool 1\ntarget {self.url}\njob old-{i}\nmode add\ntime {first + i}\n"
                    f"families job_success job_exit_code\nlength {len(BODY)}\n"
                ).encode()
                text = head + f"crc32 {zlib.crc32(BODY, zlib.crc32(head)):08x}\n\n".encode() + BODY
                with open(f"{self.folder}/{first + i:020}.push", "wb") as entry:
                    entry.write(text)
                log.write(f"{first + i:020} {name_hash(f'/metrics/job/old-{i}'):016x} {len(text)}\n")

    def count(self):
        return sum(1 for entry in os.scandir(self.folder) if entry.name.endswith(".push"))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """One for all tests: each takes away a part of it. In memory, where files are made and removed in no time."""
    point = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,nr_inodes=200k", "tmpfs", point], check=True)
    yield LargeSpool(point / "spool")
    subprocess.run(["umount", point], check=True)


@pytest.fixture
def calls(pushmetrics, tmp_path):
    """calls("run", …): the Result, and the lines of strace of pushmetrics and its job."""

    def calls(*args, **how):
        trace = tmp_path / "trace"
        result = pushmetrics(*args, prefix=("strace", "-f", "-o", str(trace)), **how)
        return result, trace.read_text(errors="replace").splitlines()

    return calls


def entries_opened(lines):
    return [line for line in lines if re.search(r'open(at)?\(.*\d{20}\.push"', line)]


COMMANDS = {
    "run": ("run", "--url", "{}", "-j", "new", "--", "sh", "-c", "exit 3"),
    "push": ("push", "--url", "{}", "-j", "new", "-m", "x=1"),
}


def command_for(name, url, spool):
    command, *arguments = COMMANDS[name]
    return (command, "--spool", str(spool), "--retries", "0", *(part.format(url) for part in arguments))


def test_storing_a_push_looks_into_none_of_100000(calls, large, tmp_path):
    for name in COMMANDS:
        _, without = calls(*command_for(name, large.url, tmp_path / "empty"))
        result, lines = calls(*command_for(name, large.url, large.directory))
        assert "; spooled" in result.stderr
        assert len(entries_opened(lines)) <= 3, "its own, and that of the one before"
        assert len(lines) < 1.2 * len(without) + 50


def test_a_log_is_begun_for_100000_pushes_without_a_look_into_them(calls, large, tmp_path):
    log = large.log.read_bytes()
    large.log.unlink()
    _, without = calls(*command_for("run", large.url, tmp_path / "empty"))
    result, lines = calls(*command_for("run", large.url, large.directory))
    assert result.status == 3 and "; spooled" in result.stderr
    assert len(entries_opened(lines)) <= 3
    assert len(lines) < len(without) + 500
    large.log.write_bytes(log)


def test_100000_pushes_for_another_target_cost_a_delivered_one_nothing(calls, large, gateway, tmp_path):
    _, without = calls(*command_for("run", gateway.url, tmp_path / "empty"))
    result, lines = calls(*command_for("run", gateway.url, large.directory))
    assert (result.status, result.stderr) == (3, "")
    assert len(lines) < 1.2 * len(without) + 50


def test_a_run_delivers_some_of_100000_pushes_for_a_moment_only(pushmetrics, large):
    before = large.count()
    listener = socket.create_server(("127.0.0.1", large.port), backlog=64)
    with FaultyServer(faulty.answer("200 OK"), listener) as server:
        began = time.monotonic()
        result = pushmetrics(*command_for("run", large.url, large.directory))
        took = time.monotonic() - began
        assert (result.status, result.stderr) == (3, "")
        assert server.requests[0][0].startswith("POST /metrics/job/new ")
    assert before - 10_000 < large.count() <= before
    assert took < 4


def test_what_has_waited_too_long_is_discarded_a_hundred_at_a_time(calls, large):
    before = large.count()
    age = ("--spool-max-age", "1s")
    result, lines = calls(*command_for("push", large.url, large.directory), *age)
    assert "; spooled" in result.stderr
    assert "80 more pushes that waited were discarded: it is older than 1s" in result.stderr
    assert len(lines) < 3000
    assert before - 100 <= large.count() <= before - 99


def test_a_spool_that_has_become_too_large_is_emptied_a_thousand_at_a_time(pushmetrics, large):
    before = large.count()
    result = pushmetrics(*command_for("push", large.url, large.directory), "--spool-max-bytes", "1MiB")
    assert "; spooled" in result.stderr
    assert "980 more pushes that waited were discarded: the spool is full" in result.stderr
    assert before - 1000 <= large.count() <= before - 999
    assert result.elapsed < 10


def test_of_100000_pushes_of_its_group_a_push_looks_into_a_few(pushmetrics, large):
    log = large.log.read_text()
    group = f"{name_hash('/metrics/job/new'):016x}"
    large.log.write_text(re.sub(r"^(\d+) \S+", rf"\1 {group}", log, flags=re.MULTILINE))
    result = pushmetrics(*command_for("push", large.url, large.directory))
    large.log.write_text(log)
    assert "; spooled" in result.stderr
    assert result.elapsed < 4
