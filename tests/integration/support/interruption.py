"""Runs whose pushmetrics is killed, and what is left of them."""

import os
import signal
import time

from support.jobs import sh
from support.servers import wait_until

# A job that says that it runs, and ends by SIGTERM.
GOES_ON = sh('echo $$ >"$1.new"; mv "$1.new" "$1"; exec sleep 60')


class Interruption:
    """Runs of one home, whose records are in one state directory, or in `spool`."""

    def __init__(self, pushmetrics, url, directory, spool=None):
        self.pushmetrics = pushmetrics
        self.url = url
        self.directory = directory
        self.state = spool or pushmetrics.home / "state" / "pushmetrics"
        self.options = ("--url", url, *(("--spool", str(spool)) if spool else ()))

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
        return self.pushmetrics("flush", *self.options, *options, **how)

    def kill_at_random_moments(self, moments, chance):
        """Counted runs of a job each, and beside every other one a `flush`, all killed. How long the job of each had run
        by then, in seconds, as far as it had begun."""
        ran = {}
        for number in range(moments):
            job = f"moment-{number}"
            mark = self.directory / job
            command = sh('date +%s.%N >"$1"', str(mark))
            process = self.pushmetrics.spawn("run", *self.options, "--count", "-j", job, "--", *command)
            finder = self.pushmetrics.spawn("flush", *self.options) if number % 2 else None
            time.sleep(chance.uniform(0, 0.08))
            killed = time.time()
            process.send_signal(signal.SIGKILL)
            if finder:
                finder.send_signal(signal.SIGKILL)
                finder.communicate()
            process.communicate()
            if mark.exists() and mark.read_text():
                ran[job] = killed - float(mark.read_text())
        return ran


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


def counts(group):
    runs = group["job_runs_total"]
    return {status: runs.value_of(status=status) for status in ("success", "failure", "interrupted")}


def ends_of_killed_runs(gateway, ran):
    """Whether each was reported as interrupted, or else by its own end: once, whatever was killed when.

    Of a run that was killed as it started, perhaps nothing is known.
    """
    ends = []
    for job, seconds in ran.items():
        group = gateway.find(job)
        if group is None:
            assert seconds < 0.05, f"{job} ran for {seconds} s and is not reported"
            continue
        values = group.values
        interrupted = values["job_interrupted"] == 1
        assert interrupted == ("job_last_completion_timestamp_seconds" not in values)
        assert interrupted == (values["job_success"] == 0)
        if "job_runs_total" in group:
            assert sum(counts(group).values()) == 1
        ends.append(interrupted)
    assert len(ends) > len(ran) / 2
    return ends
