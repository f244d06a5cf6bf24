"""Fails one system call or allocation of pushmetrics, and checks that only what cannot be had is missing in the end.

A system call is failed by strace, which does not trace the job; an allocation by tests/tools/failing_allocation.cpp.
"""

import collections
import dataclasses
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import tempfile
import typing

from support.faulty_server import FaultyServer
from support.program import BINARY, Program, finish

LIBRARY = os.environ.get("PUSHMETRICS_FAILING_ALLOCATION", "")

# A run has 2 s to push. Beyond this, it hangs, also on a busy machine.
PATIENCE = 60

ERRORS = {
    "memory": ("ENOMEM",),
    "network": ("EIO", "EINTR", "EAGAIN", "ENOMEM", "ENOBUFS", "EMFILE"),
    "process": ("EAGAIN", "ENOMEM", "EINTR", "ENOSYS", "EPERM", "EINVAL"),
    "file": ("EIO", "ENOSPC", "EINTR", "EAGAIN", "ENOMEM", "EMFILE", "EACCES"),
}
KINDS = {
    "memory": "mmap mprotect munmap madvise mremap",
    "network": "socket connect sendto recvfrom sendmsg recvmsg setsockopt getsockopt getsockname getpeername poll ppoll"
    " pipe2 pipe socketpair eventfd2 epoll_create1",
    "process": "vfork clone clone3 signalfd4 prctl setpgid kill set_robust_list prlimit64 getrandom clock_nanosleep"
    " sched_getaffinity uname pidfd_open timerfd_create timerfd_settime waitid",
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names.split()}
# They have no error that a kernel would give here; execve is strace's own.
NEVER_FAIL = set(
    "execve exit_group exit restart_syscall futex brk rt_sigprocmask rt_sigaction wait4 rt_sigtimedwait arch_prctl"
    " getpid gettid getppid set_tid_address getuid geteuid getgid getegid rseq umask getpgid getpgrp getsid".split()
)


@dataclasses.dataclass(frozen=True)
class Injection:
    """`call` is a system call, or "malloc"; it fails the `when`th time."""

    call: str
    error: str
    when: int

    def __str__(self):
        return f"{self.call}:error={self.error}:when={self.when}"

    def is_of_kind(self, other):
        return (self.call == "malloc") == (other.call == "malloc")

    @classmethod
    def parse(cls, text):
        call, error, when = re.fullmatch(r"(\w+):error=(\w+):when=(\d+)", text).groups()
        return cls(call, error, int(when))


@dataclasses.dataclass(frozen=True)
class Scenario:
    """`words` describe it in the table of faults. {live} and {dead} are URLs, {directory} is the call's own."""

    name: str
    words: str
    arguments: tuple
    job: bool = False
    targets: int = 1
    waiting: int = 0


JOB = ("--", "/bin/sh", "-c", 'echo ran >>"$RAN"; echo output; exit 3')
SLOW_JOB = (*JOB[:3], "sleep 0.25; " + JOB[3])
COMMON = ("--spool", "{directory}/spool", "--push-timeout", "2s", "--retries", "1")
RUN = ("run", "-j", "own", *COMMON)
PUSH = ("push", "-j", "own", "-m", "own=1", *COMMON)

SCENARIOS = [
    Scenario("run-live", "`run`", (*RUN, "--url", "{live}", *JOB), job=True),
    Scenario("run-dead", "`run`, connection refused", (*RUN, "--url", "{dead}", *JOB), job=True),
    Scenario("run-backlog", "`run`, three pushes spooled", (*RUN, "--url", "{live}", *JOB), job=True, waiting=3),
    Scenario("run-count", "`run --count`", (*RUN, "--count", "--url", "{live}", *JOB), job=True),
    Scenario("run-textfile", "`run`, to a directory", (*RUN, "--url", "textfile:{directory}/textfile", *JOB), job=True),
    Scenario("run-heartbeat", "`run --heartbeat`", (*RUN, "--heartbeat", "100ms", "--url", "{live}", *SLOW_JOB), job=True),
    Scenario("run-two", "`run`, one of two targets refuses", (*RUN, "--url", "{live}", "--url", "{dead}", *JOB), job=True, targets=2),
    Scenario("push-live", "`push`", (*PUSH, "--url", "{live}")),
    Scenario("push-dead", "`push`, connection refused", (*PUSH, "--url", "{dead}")),
    Scenario("flush", "`flush`, three pushes spooled", ("flush", *COMMON), targets=0, waiting=3),
    Scenario("set", "`set` in a job", ("set", "own", "1"), targets=0),
    Scenario("step", "`step` in a job", ("step", "one", *JOB), job=True, targets=0),
]  # fmt: skip


@dataclasses.dataclass
class Outcome:
    """What there is after a call."""

    result: typing.Any
    ran: int
    pushed: list
    spooled: list
    textfile: str
    file: str
    left_behind: list


def _gateway(connection):
    head, _ = connection.read_request()
    body = json.dumps({"status": "success", "data": []}).encode() if head.startswith(b"GET") else b""
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


class Place:
    """Where one call after the other is made: a directory, a gateway, and an address where nobody listens."""

    def __init__(self, directory, scenario):
        self.directory = pathlib.Path(directory)
        self.scenario = scenario
        self.gateway = FaultyServer(_gateway)
        self.bound = socket.socket()
        self.bound.bind(("127.0.0.1", 0))
        self.spool = self.directory / "spool"

    def __enter__(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.gateway.__enter__()
        for number in range(self.scenario.waiting):
            self._spool_push(number)
        return self

    def __exit__(self, *exception):
        self.gateway.__exit__(*exception)
        self.bound.close()
        shutil.rmtree(self.directory)

    def _spool_push(self, number):
        """The gateway drops this connection."""
        self.gateway.behaviour = lambda connection: None
        options = ("--url", self.gateway.url, "--spool", str(self.spool), "--retries", "0")
        result = Program(self.directory / "home")("push", "-j", f"old{number}", "-m", f"old{number}=1", *options)
        assert "; spooled" in result.stderr
        self.gateway.behaviour = _gateway

    def call(self, prefix=(), env=None):
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.directory))
        (directory / "textfile").mkdir()
        if self.scenario.waiting:
            shutil.copytree(self.spool, directory / "spool")
        (directory / "file").write_text("other 2\n")
        words = {
            "{live}": self.gateway.url,
            "{dead}": f"http://127.0.0.1:{self.bound.getsockname()[1]}",
            "{directory}": str(directory),
        }
        arguments = []
        for argument in self.scenario.arguments:
            for word, value in words.items():
                argument = argument.replace(word, value)
            arguments.append(argument)
        variables = {"RAN": str(directory / "ran"), "PUSHMETRICS_FILE": str(directory / "file"), **(env or {})}
        if self.scenario.arguments[0] not in ("set", "step"):
            del variables["PUSHMETRICS_FILE"]
        self.gateway.requests.clear()
        process = Program(directory / "home").spawn(*arguments, env=variables, prefix=prefix)
        result = finish(process, PATIENCE)
        self.gateway.settle()
        try:
            return self._outcome(result, directory)
        finally:
            shutil.rmtree(directory)

    def _outcome(self, result, directory):
        ran = directory / "ran"
        temporaries = [*directory.glob("spool/*/.*.tmp-*"), *directory.glob("textfile/.*"), *directory.glob("home/tmp/*")]
        return Outcome(
            result,
            ran.read_text().count("ran\n") if ran.exists() else 0,
            [body.decode() for head, body in self.gateway.requests if not head.startswith("GET")],
            [path.read_text() for path in directory.glob("spool/*/*.push")],
            "".join(path.read_text() for path in directory.glob("textfile/*.prom")),
            (directory / "file").read_text(),
            [path.name for path in temporaries if path.name != "."],
        )

    def system_calls(self):
        """How often the loader makes each system call, and pushmetrics each that can fail."""
        trace = self.directory / "trace"
        violations_of_none = violations(self.scenario, self.call(("strace", "-o", str(trace))))
        assert violations_of_none == [], violations_of_none
        names = re.findall(r"^([a-z_0-9]+)\(", trace.read_text(errors="replace"), re.MULTILINE)
        # In the end, the loader unmaps its cache of libraries. It has errors, and crashes, of its own.
        begin = names.index("munmap") + 1
        return (
            collections.Counter(names[:begin]),
            collections.Counter(name for name in names[begin:] if name not in NEVER_FAIL),
        )

    def all_system_calls(self):
        before, counts = self.system_calls()
        return [
            Injection(name, error, when)
            for name, count in sorted(counts.items())
            for error in ERRORS[KIND_OF.get(name, "file")]
            for when in range(before[name] + 1, before[name] + count + 2)
        ]

    def all_allocations(self):
        counter = self.directory / "counter"
        counter.write_bytes(bytes(8))
        outcome = self.call(env={"LD_PRELOAD": LIBRARY, "COUNT_ALLOCATIONS": str(counter)})
        violations_of_none = violations(self.scenario, outcome)
        assert violations_of_none == [], violations_of_none
        (count,) = struct.unpack("N", counter.read_bytes())
        assert count > 0
        return [Injection("malloc", "ENOMEM", when) for when in range(1, count + 10)]

    def violations_under(self, injection):
        """What is wrong after a call in which this was failed."""
        try:
            if injection.call == "malloc":
                outcome = self.call(env={"LD_PRELOAD": LIBRARY, "FAIL_ALLOCATION": str(injection.when)})
            else:
                outcome = self.call(("strace", "-o", "/dev/null", "-e", f"inject={injection}"))
        except AssertionError as error:
            return [f"hangs: {error}"]
        found = violations(self.scenario, outcome, injection.call)
        return found and [*found, f"exit status {outcome.result.status}, {outcome.result.stderr!r}"]


def _is_own(text):
    return re.search(r"^(own|job_exit_code)(\{[^}]*\})? [13]$", text, re.MULTILINE) is not None


def _job_violations(scenario, outcome):
    result = outcome.result
    if outcome.ran == 0:
        # It could not even be begun, which is said: without memory, say.
        if result.status in (0, 3) or not result.stderr:
            yield "the job did not run, and nothing says so"
        return
    if outcome.ran > 1:
        yield "the job ran more than once"
    if result.status != 3:
        yield "the exit status is not the job's"
    if result.stdout != "output\n":
        yield f"the job's output is changed: {result.stdout!r}"


def _push_violations(scenario, outcome):
    arrived = [text for text in (*outcome.pushed, outcome.textfile) if _is_own(text)]
    spooled = [text for text in outcome.spooled if _is_own(text)]
    stderr = outcome.result.stderr
    accounted = min(scenario.targets, bool(arrived) + len(spooled))
    if accounted < scenario.targets and "discarded" not in stderr:
        yield "the push is neither delivered nor spooled, and not reported as discarded"
    crashed = "is not reported as delivered or spooled is discarded" in stderr  # perhaps, after it was delivered
    if accounted == scenario.targets and "discarded" in stderr and not crashed:
        yield "a push is reported as discarded, but was delivered or spooled"
    if "; spooled" in stderr and not spooled:
        yield "a push is reported as spooled, but is not"
    if scenario.name.startswith("push") and outcome.result.status == 0 and not arrived:
        yield "exit status 0, but the push was not delivered"


def _waiting_violations(scenario, outcome):
    for number in range(scenario.waiting):
        line = re.compile(rf"^old{number} 1$", re.MULTILINE)
        arrived = any(line.search(text) for text in outcome.pushed)
        spooled = any(line.search(text) for text in outcome.spooled)
        if not arrived and not spooled:
            yield f"push {number} of the spool is lost"
        if scenario.name == "flush" and outcome.result.status == 0 and not arrived:
            yield f"exit status 0, but push {number} was not delivered"


def _file_violations(scenario, outcome):
    if "other 2\n" not in outcome.file:
        yield "another line of the job's file is lost"
    added = "own 1" in outcome.file if scenario.name == "set" else "one" in outcome.file
    if outcome.result.status in (0, 3) and not added and not outcome.result.stderr:
        yield "nothing was added to the job's file, and nothing says so"


def promises(scenario):
    """What holds whatever fails, in words."""
    if scenario.job:
        yield "the job runs once, with its own output and exit status"
    if scenario.targets:
        yield "the push is delivered, spooled, or reported as discarded"
    if scenario.waiting:
        yield "what was spooled is delivered or still spooled"
    if scenario.name in ("set", "step"):
        yield "the other lines of the job's file stay, and what cannot be added is reported"
    yield "no crash, no hang"


def violations(scenario, outcome, failed=None):
    """Of what holds whatever fails: `failed`."""
    result = outcome.result
    found = []
    if result.status < 0 or result.status in (134, 139):
        found.append("pushmetrics crashed")
    if failed not in ("unlink", "unlinkat"):
        found += [f"{name} is left behind" for name in outcome.left_behind]
    if scenario.job:
        found += _job_violations(scenario, outcome)
    if scenario.targets and (outcome.ran == 1 or not scenario.job) and _began(result):
        found += _push_violations(scenario, outcome)
    found += _waiting_violations(scenario, outcome)
    if scenario.name in ("set", "step") and (outcome.ran == 1 or not scenario.job):
        found += _file_violations(scenario, outcome)
    return found


def _began(result):
    """False where `push` ended with an error before it had metrics to push, or the loader without its libraries."""
    return "discarded" in result.stderr or "spooled" in result.stderr or result.status in (0, 3) or "not pushed" in result.stderr
