"""Runs the pushmetrics under test, $PUSHMETRICS, in a clean environment."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import time

BINARY = os.environ["PUSHMETRICS"]


def need_root(why):
    """Fails a test for which root in a user namespace, who owns none of the machine's files, is not root enough."""
    assert os.access("/etc/shadow", os.R_OK), f"this test needs root, {why}: please run tests/run as root"


@dataclasses.dataclass
class Result:
    """How a call ended; `status` is negative for a death by a signal, as in subprocess."""

    status: int
    stdout: str
    stderr: str
    elapsed: float

    @property
    def stdout_bytes(self):
        return self.stdout.encode(errors="surrogateescape")

    @property
    def stderr_lines(self):
        return self.stderr.splitlines()

    @property
    def messages(self):
        """The lines of standard error, without the hints that may follow a message."""
        return [line for line in self.stderr_lines if not line.startswith("hint: ")]


def clean_environment(home):
    """Nothing of the person's configuration, and nothing that names a gateway or a CI system."""
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "TMPDIR": str(home / "tmp"),
    }
    kept = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
    environment.update({name: os.environ[name] for name in kept if name in os.environ})
    return environment


class Program:
    """Calls pushmetrics as from cron: in a session of its own, without a terminal."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        (self.home / "tmp").mkdir(parents=True, exist_ok=True)
        self.environment = clean_environment(self.home)

    def environment_with(self, changes):
        """The clean environment with `changes`; None takes a variable out."""
        environment = {**self.environment, **(changes or {})}
        return {name: value for name, value in environment.items() if value is not None}

    def spawn(self, *args, env=None, prefix=(), **how):
        """A call that goes on; `prefix` is a command before it, such as nohup. As subprocess.Popen otherwise."""
        how = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "cwd": self.home,
            "start_new_session": True,
            **how,
        }
        command = [*prefix, BINARY, *args]
        return subprocess.Popen(command, env=self.environment_with(env), **how)

    def __call__(self, *args, env=None, input=None, timeout=20, **how):
        """Runs to the end; `input` is text or bytes for standard input."""
        if input is not None:
            how["stdin"] = subprocess.PIPE
        start = time.monotonic()
        process = self.spawn(*args, env=env, **how)
        return finish(process, timeout, input, start)


def finish(process, timeout=20, input=None, start=None):
    """Waits for a spawned call and returns its Result. Ends all of its session when it takes too long."""
    start = time.monotonic() if start is None else start
    data = input.encode(errors="surrogateescape") if isinstance(input, str) else input
    try:
        stdout, stderr = process.communicate(data, timeout)
    except subprocess.TimeoutExpired as expired:
        kill_session(process.pid)
        stdout, stderr = process.communicate()
        raise AssertionError(
            f"still running after {timeout} s: {process.args}\n"
            f"standard output: {stdout!r}\nstandard error: {stderr!r}"
        ) from expired
    elapsed = time.monotonic() - start
    return Result(process.returncode, _text(stdout), _text(stderr), elapsed)


def _text(data):
    return (data or b"").decode(errors="surrogateescape")


def kill_session(session):
    """Kills every process of the session that the process `session` began."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        pid = int(entry.name)
        try:
            if os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def state_of(pid):
    """As in ps(1): R, S, T (stopped), Z; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(") ", 1)[1][0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def is_gone(pid):
    return state_of(pid) in (None, "Z")
