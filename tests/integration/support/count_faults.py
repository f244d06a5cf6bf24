"""The faults of the matrix that are about the counts of `run --count`: see faults.py."""

import contextlib
import fcntl

from support.faults import Scene, arguments_of, call, fill, new_disk, own_gateway, well


def _check_counts(place, scene, success, failure):
    """All failures came after all successes."""
    group = scene.gateway.group(place.job)
    runs = group["job_runs_total"]
    assert [runs.value_of(status=status) for status in ("success", "failure")] == [success, failure]
    assert group["job_consecutive_failures"].value == failure


def counted(harm, target=well):
    """A run of the job was counted, and `harm` is done to the file of the counts; what it returns undoes it."""

    @contextlib.contextmanager
    def make(place):
        with target(place) as scene:
            assert call(place, scene, place.job, options=("--count",)).stderr == ""
            (file,) = place.spool.glob("counts/*.counts")
            scene.recover = harm(file) or scene.recover
            scene.check = lambda: _check_counts(place, scene, 1, 1)
            yield scene

    return make


def damage(file):
    file.write_text("rubbish\n")


def make_unreadable(file):
    """To root, too."""
    file.unlink()
    file.symlink_to(file)


def fill_disk(file):
    disk = file.parents[2]
    fill(disk)
    return (disk / "filler").unlink


def hold(lock):
    def harm(file):
        held = open(file.with_suffix(lock))
        fcntl.flock(held, fcntl.LOCK_EX)
        return held.close

    return harm


@contextlib.contextmanager
def spool_on_disk(place):
    with new_disk(place) as disk, well(place) as scene:
        place.spool = disk / "spool"
        yield scene


@contextlib.contextmanager
def counted_crowd(place):
    """Four more runs of the same job at the same time."""
    with well(place) as scene:
        running = []

        def begin(_):
            for _ in range(4):
                running.append(place.pushmetrics.spawn(*arguments_of(place, scene, place.job, options=("--count",))))

        def await_all():
            for process in running:
                _, said = process.communicate(timeout=20)
                assert (process.returncode, said) == (3, b"")

        scene.during, scene.recover = begin, await_all
        scene.check = lambda: _check_counts(place, scene, 0, 5)
        yield scene


@contextlib.contextmanager
def silent_before_counting(place):
    """The gateway holds counts of which nothing is known here, and is silent; the run after this one asks it."""
    with own_gateway(place) as gateway:
        scene = Scene([gateway.url], gateway)
        call(place, scene, place.job, options=("--count",))
        for file in place.spool.glob("counts/*.counts"):
            file.unlink()
        gateway.pause()

        def check():
            call(place, scene, place.job, status=3, options=("--count",))
            _check_counts(place, scene, 1, 2)

        scene.recover, scene.check = gateway.resume, check
        yield scene


def counted_at_own_gateway(harm):
    """As `counted`, but `harm` is done to the gateway."""

    @contextlib.contextmanager
    def make(place):
        with own_gateway(place) as gateway:
            scene = Scene([gateway.url], gateway)
            with counted(lambda _: harm(gateway), lambda _: contextlib.nullcontext(scene))(place):
                yield scene

    return make


def stop_gateway(gateway):
    gateway.stop()
    return lambda: gateway.start(gateway.port)


def wipe_gateway(gateway):
    gateway.wipe()
