"""Runs whose pushmetrics is killed, and what is left of them."""

import os
import signal
import time

from support.jobs import sh
from support.servers import wait_until

# A job that says that it runs, and ends by SIGTERM.
GOES_ON = sh('echo $$ >"$1.new"; mv "$1.new" "$1"; exec sleep 60')


class Interruption:
    """Runs of one home, whose records are in one state directory."""

    def __init__(self, pushmetrics, url, directory):
        self.pushmetrics = pushmetrics
        self.url = url
        self.directory = directory
        self.state = pushmetrics.home / "state" / "pushmetrics"

    @property
    def records(self):
        """Those of runs that go on, or that are to be reported; the oldest first."""
        return sorted((self.state / "runs").glob("*.run"))

    def spooled(self):
        return sorted(self.state.glob("*/*.push"))

    def start(self, job, *options, command=None, url=None, **how):
        """A run that goes on, and is recorded."""
        mark = self.directory / f"started-{job}-{time.monotonic_ns()}"
        known = set(self.records)
        arguments = ("run", "--url", url or self.url, "-j", job, *options)
        process = self.pushmetrics.spawn(*arguments, "--", *(command or [*GOES_ON, str(mark)]), **how)
        wait_until(lambda: (command or mark.exists()) and {r for r in self.records if r.stat().st_size} - known, what="a record")
        return process

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)

    def interrupt(self, job, *options, **how):
        """A run whose pushmetrics is killed; its record."""
        known = set(self.records)
        self.kill(self.start(job, *options, **how))
        (record,) = set(self.records) - known
        return record

    def flush(self, *options, **how):
        return self.pushmetrics("flush", "--url", self.url, *options, **how)


def identity(record):
    """The parts of a record's name: [start, series, pid.start of the process.PID namespace.boot id]."""
    return record.name.removesuffix(".run").split("-", 2)


def rename_owner(record, pid=None, start=None, namespace=None, boot=None):
    """As if its run had another pushmetrics."""
    begin, series, owner = identity(record)
    parts = owner.split(".", 3)
    given = (pid, start, namespace, boot)
    owner = ".".join(str(old if new is None else new) for old, new in zip(parts, given))
    return record.rename(record.with_name(f"{begin}-{series}-{owner}.run"))


OTHER_BOOT = "00000000-0000-4000-8000-000000000000"


def ticks_of(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rsplit(") ", 1)[1].split()[19])


def namespace_of(pid):
    return os.stat(f"/proc/{pid}/ns/pid").st_ino
