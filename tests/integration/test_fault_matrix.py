"""What happens under each fault, as one table: exit status, time, message, and what is delivered in the end.

`python3 test_fault_matrix.py >../../.github/FAULTS.md` writes the table; a test compares that file with it.
"""

import dataclasses
import pathlib
import re
import signal
import time
import typing

import pytest

from support import count_faults
from support import faults
from support import faulty_server as faulty
from support import interrupted_faults
from support.certificates import Authority
from support.faults import Place, answering, first
from support.injection import SCENARIOS, promises
from support.program import finish

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / ".github" / "FAULTS.md"

DELIVERED = "delivered"
WAITS = "spooled; delivered by `flush`"
LOST = "lost, and reported"
INTERRUPTED = "reported as interrupted by the next `run`, `push` or `flush`; the job gets SIGTERM"
RECORDED = "recorded; delivered by the next `run`, `push` or `flush`"
AT_ONCE = "at once"
BUDGET = "--push-timeout"
HALF_BUDGET = "half of --push-timeout"
BUDGET_SECONDS = 0.7
# What a busy machine may take beyond that.
TOLERANCE = 1.5


@dataclasses.dataclass
class Fault:
    """A row. In `says`, … stands for anything; it is the reason, or all of the line if it begins `pushmetrics: `."""

    name: str
    make: typing.Callable
    says: str
    fate: str = WAITS
    takes: typing.Any = AT_ONCE
    commands: tuple = ("run", "push")
    options: tuple = ()
    spool_says: str = ""
    status: typing.Optional[int] = None

    def status_of(self, command):
        if self.status is not None:
            return self.status
        return 3 if command == "run" else int(self.fate != DELIVERED)


RETRY = ("--retries", "20")
ANSWERS = [
    ("400 Bad Request", LOST),
    ("401 Unauthorized", WAITS),
    ("403 Forbidden", WAITS),
    ("404 Not Found", WAITS),
    ("408 Request Timeout", WAITS),
    ("413 Content Too Large", LOST),
    ("425 Too Early", WAITS),
    ("429 Too Many Requests", WAITS),
    ("500 Internal Server Error", WAITS),
    ("503 Service Unavailable", WAITS),
]


def count(name, make, says, fate=DELIVERED, **how):
    """A row about `run --count`; its scene checks the counts in the end."""
    return Fault(f"{name} (`--count`)", make, says, fate, commands=("run",), options=("--count",), **how)


FAULTS = [
    # The gateway itself.
    Fault("connection refused", faults.refusing, "connection refused"),
    Fault("the gateway is stopped (SIGSTOP)", faults.stopped, "no answer in time", takes=BUDGET),
    Fault("the gateway is stopped, and continues within the time limit", faults.resumed, "", DELIVERED),
    Fault("the gateway is killed during the request", faults.killed, "the connection broke: connection reset by peer"),
    Fault("the gateway is killed and restarted within the time limit", faults.restarted, "", DELIVERED, options=RETRY),
    # Connections.
    Fault("packets to the gateway are dropped", faults.black_hole, "no connection in time", takes=BUDGET),
    Fault("packets are dropped, with `--connect-timeout`", faults.black_hole, "no connection in time", options=("--connect-timeout", "200ms")),
    Fault("no network", faults.unreachable, "…network is unreachable"),
    Fault("the connection is reset", answering(faulty.reset), "the connection broke: connection reset by peer"),
    Fault("the connection is reset during the request", answering(faulty.reset_in_request), "the connection broke: connection reset by peer"),
    Fault("the connection is reset during the response", answering(faulty.reset_in_answer), "the connection broke: connection reset by peer"),
    Fault("the connection is reset once", first(faulty.reset), "", DELIVERED, options=RETRY),
    Fault("the connection is half-closed", answering(faulty.half_closing), "the connection was closed without an answer"),
    Fault("the gateway's Unix socket is missing", faults.unix_socket("missing"), "…no such file or directory"),
    Fault("connection refused by the gateway's Unix socket", faults.unix_socket("stale"), "connection refused"),
    Fault("connection refused by the proxy", faults.dead_proxy, "…refused"),
    # Names.
    Fault("no DNS server", faults.name_server("absent"), "could not resolve host: gateway.example"),
    Fault("the DNS server does not answer", faults.name_server("silent"), "its name was not resolved in time", takes=BUDGET),
    # Answers.
    *[Fault(f"status {status}", answering(faulty.answer(status, b"its words\n")), f"the server answered {status[:3]}: its words", fate) for status, fate in ANSWERS],
    Fault("503 once", first(faulty.answer("503 x")), "", DELIVERED, options=RETRY),
    Fault("429 with `Retry-After: 1`", first(faulty.answer("429 x", b"", ["Retry-After: 1"])), "", DELIVERED, takes=1, options=RETRY),
    Fault("429 with `Retry-After` beyond the time limit", answering(faulty.answer("429 x", b"", ["Retry-After: 3600"])), "the server answered 429; it asks to be left alone for 1h", options=RETRY),
    Fault("permanent redirect (301)", answering(faulty.answer("301 x", b"", ["Location: http://elsewhere/"])), "the server answered 301, a redirect to http://elsewhere/, which is not followed"),
    Fault("temporary redirect (307)", answering(faulty.answer("307 x", b"", ["Location: /x"])), "the server answered 307, a redirect to /x, which is not followed"),
    Fault("an HTML page with status 200", answering(faulty.answer("200 OK", b"<html><title>Welcome</title>")), "the server answered 200 with an HTML page (Welcome): it stores no metrics"),
    Fault("the server does not speak HTTP", answering(faulty.raw(b"SSH-2.0-OpenSSH_9.2p1\r\n")), "the answer is not HTTP"),
    Fault("endless headers", answering(faulty.endless_header_lines), "the answer's headers do not end"),
    Fault("endless body", answering(faulty.endless_body("500 x")), "the server answered 500: …"),
    Fault("slow headers", answering(faulty.drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")), "no answer in time", takes=BUDGET),
    Fault("slow body", answering(faulty.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x")), "the answer did not end in time", takes=BUDGET),
    Fault("the body is shorter than its Content-Length", answering(faulty.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")), "the connection broke within the answer"),
    Fault("decompression bomb", answering(faulty.compressed_bomb("500 x")), "the server answered 500"),
    Fault("proxy without its gateway (nginx, 502)", faults.nginx("location / { proxy_pass http://127.0.0.1:1; }"), "the server answered 502 Bad Gateway"),
    Fault("password required (nginx, 401)", faults.nginx('location / { auth_basic "x"; auth_basic_user_file /dev/null; }'), "the server answered 401…"),
    Fault("body too large (nginx, 413)", faults.nginx("client_max_body_size 1; {gateway}"), "the server answered 413…", LOST),
    # TLS.
    Fault("expired certificate", faults.tls("expired"), "…expired…"),
    Fault("certificate for another host", faults.tls("other_host"), "…"),
    Fault("certificate of an unknown authority", faults.tls("good", trusted=False), "…"),
    Fault("HTTPS to an HTTP port", faults.nginx("{gateway}", "", "{good}", "ssl", "https"), "no TLS connection: …"),
    Fault("HTTP to an HTTPS port", faults.nginx("{good} {gateway}", "ssl"), "the server answered 400…"),
    # Several targets.
    Fault("one of two targets does not answer", faults.beside_a_silent_one, "no answer in time", takes=BUDGET),
    # The spool, with a connection refused.
    Fault("the spool's disk is full", faults.full_disk, "connection refused", LOST, spool_says="…No space left on device"),
    Fault("the spool's disk is read-only", faults.read_only_disk, "connection refused", LOST, spool_says="…Read-only file system"),
    Fault("the spool's directory is a file", faults.spool_at(faults.file_in_the_way), "connection refused", LOST, spool_says="…Not a directory"),
    Fault("the spool's directory cannot be created", faults.spool_at(lambda _: pathlib.Path("/proc/spool")), "connection refused", LOST, spool_says="…No such file or directory"),
    Fault("the spool's directory and its parents do not exist", faults.spool_at(lambda directory: directory / "a" / "b" / "c"), "connection refused"),
    Fault("no `HOME` and no state directory", faults.no_home, "connection refused", LOST, spool_says="there is no directory for it: give --spool DIR"),
    Fault("a spooled push is truncated", faults.waiting_entry(faults.cut_short), "pushmetrics: …it is set aside as …", DELIVERED),
    Fault("a FIFO is among the spooled pushes", faults.waiting_entry(faults.make_fifo), "pushmetrics: …it is set aside as …", DELIVERED),
    Fault("a foreign file is in the spool", faults.waiting_entry(faults.add_foreign_file), "", DELIVERED),
    Fault("the clock is set back by a year between two pushes", faults.clock_set_back, "connection refused"),
    # The environment, with a connection refused.
    Fault("`TMPDIR` does not exist", faults.in_environment(TMPDIR="/nonexistent"), "connection refused"),
    Fault("standard error is closed", faults.in_shell('exec "$@" 2>&-'), ""),
    Fault("standard error is a pipe without a reader", faults.stderr_without_reader, ""),
    Fault("standard output is closed", faults.in_shell('exec "$@" >&-', faults.well), "", DELIVERED),
    Fault("standard input is closed", faults.in_shell('exec "$@" <&-'), "connection refused"),
    Fault("standard input, output and error are closed", faults.in_shell('exec "$@" <&- >&- 2>&-'), ""),
    Fault("file size limit of 0 (`ulimit -f`)", faults.limited("--fsize=0"), "connection refused", LOST, spool_says="…File too large"),
    Fault("10 file descriptors (`ulimit -n`)", faults.limited("--nofile=10"), "connection refused"),
    Fault("libcurl cannot be loaded", faults.broken_library, "libcurl cannot be loaded: …"),
    Fault("no thread can be started (`ulimit -u`)", faults.limited("--nproc=0", faults.at_a_name, faults.NOBODY), "…", LOST, commands=("push",), spool_says="…"),
    Fault("no process can be started (`ulimit -u`)", faults.no_process, "pushmetrics: …: '/bin/sh' cannot be executed: Resource temporarily unavailable\npushmetrics: …; not pushed to …: connection refused …; discarded: it could not be spooled: …", LOST, commands=("run",), status=126),
    Fault("50 concurrent calls", faults.crowd, "connection refused"),
    Fault("SIGKILL to pushmetrics while the job runs", faults.killed_itself, "", INTERRUPTED, commands=("run",), status=-signal.SIGKILL),
    Fault("SIGKILL to pushmetrics during the push", faults.signalled(signal.SIGKILL), "", RECORDED, commands=("run",), status=-signal.SIGKILL),
    # The record of a run whose pushmetrics was killed, and whoever finds it.
    *[Fault(f"SIGKILL to pushmetrics while the job runs{name}", make, "", INTERRUPTED, commands=("run",), status=-signal.SIGKILL) for name, make in [
        (", then a reboot", interrupted_faults.killed_and(interrupted_faults.reboot)),
        ("; two processes find the record at once", interrupted_faults.killed_and(interrupted_faults.look_twice_at_once)),
        ("; the process that finds the record is killed, too", interrupted_faults.killed_and(interrupted_faults.kill_finder)),
        ("; the disk is full when the record is found", interrupted_faults.killed_and(interrupted_faults.look_on_full_disk, on_disk=True)),
        (", to 30 more at random moments, and to a `flush` beside each second one", interrupted_faults.killed_at_random_moments),
    ]],
    # The counts of --count, after one counted run.
    count("the counts are damaged", count_faults.counted(count_faults.damage), "pushmetrics: …: its runs are counted anew: …is damaged"),
    count("the counts cannot be read", count_faults.counted(count_faults.make_unreadable), "pushmetrics: …: its runs are counted anew: …Too many levels of symbolic links"),
    count("the counts' disk is full", count_faults.counted(count_faults.fill_disk, count_faults.spool_on_disk), "pushmetrics: …: its runs are not counted reliably: …No space left on device"),
    count("another process keeps the counts locked", count_faults.counted(count_faults.hold(".file")), "pushmetrics: …: its runs are not counted reliably: another process holds them locked", takes=HALF_BUDGET),
    count("another run of the group is still pushing", count_faults.counted(count_faults.hold(".turn")), "pushmetrics: …: another run of it still pushes: …", takes=HALF_BUDGET),
    count("five concurrent counted runs of a group", count_faults.counted_crowd, ""),
    count("the gateway is wiped between two counted runs", count_faults.counted_at_own_gateway(count_faults.wipe_gateway), ""),
    count("the gateway is stopped after a counted run", count_faults.counted_at_own_gateway(count_faults.stop_gateway), "connection refused", WAITS),
    count("the gateway holds unknown counts and does not answer", count_faults.silent_before_counting, "pushmetrics: …: its runs are counted, but not pushed until a target reports the earlier counts\npushmetrics: …; not pushed to …: no answer in time …; spooled\nhint: …", WAITS, takes=BUDGET),
    # Signals during a push to a target that does not answer.
    Fault("SIGTERM during the push", faults.signalled(signal.SIGTERM), "interrupted by a signal", takes=2, commands=("run",)),
    Fault("SIGTERM during the push", faults.signalled(signal.SIGTERM), "interrupted by a signal", commands=("push",), status=-signal.SIGTERM),
    Fault("SIGINT during the push", faults.signalled(signal.SIGINT), "interrupted by a signal", takes=2, commands=("run",)),
    Fault("SIGINT during the push", faults.signalled(signal.SIGINT), "interrupted by a signal", commands=("push",), status=-signal.SIGINT),
    Fault("SIGHUP during the push", faults.signalled(signal.SIGHUP), "interrupted by a signal", takes=2, commands=("run",)),
    Fault("SIGHUP during the push", faults.signalled(signal.SIGHUP), "interrupted by a signal", commands=("push",), status=-signal.SIGHUP),
    Fault("SIGTERM twice during the push", faults.signalled(signal.SIGTERM, signal.SIGTERM), "interrupted by a signal", takes=2, commands=("run",)),
    Fault("SIGTERM during the push, and again after 0.7 s", faults.signalled(signal.SIGTERM, signal.SIGTERM, apart=0.7), "interrupted by a signal", takes=1, commands=("run",)),
]  # fmt: skip
ROWS = [pytest.param(fault, command, id=f"{fault.name}-{command}") for fault in FAULTS for command in fault.commands]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("authority") / "ca")
    return {
        "ca": authority.certificate,
        "good": authority.issue("good"),
        "expired": authority.issue("expired", start="20200101000000Z", end="20200201000000Z"),
        "other_host": authority.issue("other_host", ["DNS:elsewhere.example"]),
    }


def pattern(text):
    return ".*".join(re.escape(part) for part in text.split("…"))


def line(fault, command, place, url):
    """The regular expression of all output on standard error."""
    if not fault.says:
        return ""
    if fault.says.startswith("pushmetrics: "):
        return pattern(fault.says) + "\n"
    how = f"job '{place.job}': " + ("exited 3; " if command == "run" else "")
    attempts = r" \(\d+ attempts? in [^ ]+\)"
    if fault.fate == WAITS:
        rest = "; spooled\nhint: …pushmetrics flush --spool {place.spool}".replace("{place.spool}", str(place.spool))
    else:
        rest = "; discarded" + (f": it could not be spooled: {fault.spool_says}" if fault.spool_says else "…")
    return f"pushmetrics: {re.escape(how)}not pushed to {re.escape(url)}: {pattern(fault.says)}{attempts}{pattern(rest)}\n"


def assert_time(fault, elapsed):
    least = {AT_ONCE: 0, BUDGET: BUDGET_SECONDS - 0.05, HALF_BUDGET: BUDGET_SECONDS / 2}.get(fault.takes, fault.takes)
    assert least <= elapsed < least + TOLERANCE


def assert_arrived(scene, place):
    for url in scene.urls:
        values = scene.gateway.group(place.job).values
        assert values["job_exit_code" if place.command == "run" else "rows"] == 3


@pytest.mark.parametrize("fault, command", ROWS)
def test_a_fault_is(fault, command, gateway, authority, pushmetrics, tmp_path):
    job = f"{FAULTS.index(fault)}-{command}"
    place = Place(tmp_path, gateway, authority, pushmetrics, command, job, tmp_path / "spool")
    budget = ("--push-timeout", f"{BUDGET_SECONDS}s" if fault.takes in (BUDGET, HALF_BUDGET) else "10s")
    with fault.make(place) as scene:
        arguments = faults.arguments_of(place, scene, job, 3, (*budget, *fault.options))
        start = time.monotonic()
        env = {**scene.env, **scene.fault_env}
        process = pushmetrics.spawn(*arguments, env=env, prefix=scene.fault_prefix, **scene.how)
        scene.during(process)
        result = finish(process, 20, start=start)

        assert result.status == fault.status_of(command), result.stderr
        assert re.fullmatch(line(fault, command, place, scene.urls[0]), result.stderr), result.stderr
        assert result.stdout == (scene.output if command == "run" else "")
        assert_time(fault, result.elapsed)
        if fault.fate == DELIVERED:
            assert_arrived(scene, place)
        scene.recover()
        if place.spool is not None:
            options = ("--spool", str(place.spool), "--retries", "0", *scene.options, *scene.flush_options)
            flushed = pushmetrics("flush", *options, env=scene.env, prefix=scene.flush_prefix)
            if place.spool.is_dir():
                assert (flushed.status, flushed.stderr) == (0, "")
                assert faults.entries(place.spool) == []
            else:  # nothing was ever spooled there, as if the name were mistyped
                assert flushed.status == 1
                assert flushed.stderr.startswith(f"pushmetrics: the spool cannot be read: {place.spool}: ")
        scene.check()
        if fault.fate == INTERRUPTED:
            values = scene.gateway.group(job).values
            assert (values["job_interrupted"], values["job_success"]) == (1, 0)
        elif fault.fate == LOST:
            group = scene.gateway.find(job)
            assert group is None or not group.pushed
        else:
            assert_arrived(scene, place)


def status_words(status):
    return str(status) if status >= 0 else signal.Signals(-status).name


def markdown():
    lines = [
        "# Behaviour under faults",
        "",
        "Each row is a test against real processes. `tests/integration/test_fault_matrix.py` generates this file.",
        "`run` wraps a job that exits with 3; `push` sends one metric. The message is the reason in the only line on",
        "standard error; … stands for any text. The time is that of the whole call. With `--count`, the delivered",
        "counts are also correct. `PUSHMETRICS_KILL_MOMENTS=500` tries 500 random moments in place of 30.",
        "",
        "| Fault | Command | Exit status | Time | Message | Push |",
        "|---|---|---|---|---|---|",
    ]
    for fault in FAULTS:
        statuses = [status_words(fault.status_of(command)) for command in fault.commands]
        said = "`, `".join(fault.says.splitlines())
        said = f"`{said}`" if fault.says else "none"
        if fault.spool_says:
            said += f"; spool: `{fault.spool_says}`"
        takes = {AT_ONCE: AT_ONCE, BUDGET: f"`{BUDGET}`", HALF_BUDGET: "half of `--push-timeout`"}.get(fault.takes, f"{fault.takes} s")
        commands = ", ".join(f"`{command}`" for command in fault.commands)
        lines.append(
            f"| {fault.name} | {commands} | {', '.join(statuses)} | {takes} | {said} | {fault.fate} |"
        )
    lines += [
        "",
        "## One failed system call or allocation",
        "",
        "`tests/integration/test_injection.py` fails system calls (with each error that fits) and allocations of",
        "pushmetrics, one in each call: a sample in each test run, or all of them.",
        "",
        "| Command | Holds always |",
        "|---|---|",
        *[f"| {scenario.words} | {'; '.join(promises(scenario))} |" for scenario in SCENARIOS],
    ]
    return "\n".join(lines) + "\n"


def test_the_document_is_this_table():
    assert DOCUMENT.read_text() == markdown()


def test_the_table_has_forty_faults_and_more():
    assert len({fault.name for fault in FAULTS}) >= 40


if __name__ == "__main__":
    print(markdown(), end="")
