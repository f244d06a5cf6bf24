"""Faults of a run whose pushmetrics is killed, and of whoever finds its record: see support/faults.py."""

import contextlib
import os
import random
import time

from support import faults
from support.interruption import OTHER_BOOT, Interruption, ends_of_killed_runs, rename_owner, ticks_of
from support.program import finish

# How many moments are tried; 500 take some minutes.
MOMENTS = int(os.environ.get("PUSHMETRICS_KILL_MOMENTS", "30"))


def killed_and(then, on_disk=False):
    """pushmetrics is killed while its job runs; `then(place, own)` follows."""

    @contextlib.contextmanager
    def make(place):
        with contextlib.ExitStack() as stack:
            if on_disk:
                place.spool = stack.enter_context(faults.new_disk(place)) / "spool"
            scene = stack.enter_context(faults.killed_itself(place))
            own = Interruption(place.pushmetrics, place.gateway.url, place.directory, place.spool)
            scene.recover = lambda: then(place, own)
            yield scene

    return make


def reboot(place, own):
    """Its process id is another process's now."""
    (record,) = own.records
    rename_owner(record, pid=os.getpid(), start=ticks_of(os.getpid()), boot=OTHER_BOOT)


def look_twice_at_once(place, own):
    finders = [place.pushmetrics.spawn("flush", *own.options, "-v") for _ in range(2)]
    said = [finish(finder).stderr for finder in finders]
    assert sum("was interrupted" in text for text in said) == 1, said


def kill_finder(place, own):
    finder = place.pushmetrics.spawn("flush", *own.options)
    time.sleep(random.uniform(0, 0.03))
    own.kill(finder)


def look_on_full_disk(place, own):
    disk = place.spool.parent
    faults.fill(disk)
    assert own.flush().status == 0
    assert len(own.records) == 1 and place.gateway.find(place.job) is None
    (disk / "filler").unlink()


@contextlib.contextmanager
def killed_at_random_moments(place):
    """And so are many other runs, and whoever looks for them."""
    with faults.killed_itself(place) as scene:
        own = Interruption(place.pushmetrics, place.gateway.url, place.directory, place.spool)
        seed = time.time_ns()
        ran = {}

        def check():
            ends = ends_of_killed_runs(place.gateway, ran)
            assert own.records == [] and own.spooled() == []
            print(f"{MOMENTS} moments (seed {seed}): {len(ran)} jobs began, {sum(ends)} runs were reported as")
            print(f"interrupted, {len(ends) - sum(ends)} by their end, {len(ran) - len(ends)} not at all")

        scene.recover = lambda: ran.update(own.kill_at_random_moments(MOMENTS, random.Random(seed)))
        scene.check = check
        yield scene
