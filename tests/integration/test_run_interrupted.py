"""A run whose pushmetrics is killed is reported all the same: by whichever pushmetrics comes next, once."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time

import pytest

from support.interruption import OTHER_BOOT, Interruption, counts, namespace_of, rename_owner, ticks_of
from support.jobs import sh
from support.preload import A_DAY_AHEAD, SLOW_DISK, WITHOUT_LOCKS, preload
from support.program import finish, is_gone
from support.servers import Gateway, free_port, wait_until


@pytest.fixture
def own(pushmetrics, gateway, tmp_path):
    return Interruption(pushmetrics, gateway.url, tmp_path)


def assert_interrupted(group, prefix="job_"):
    """The group of a job whose only run was interrupted."""
    values = {name.removeprefix(prefix): value for name, value in group.values.items()}
    assert (values["interrupted"], values["success"]) == (1, 0)
    assert time.time() - 60 < values["start_timestamp_seconds"] <= time.time()
    assert not {"duration_seconds", "exit_code", "last_completion_timestamp_seconds"} & set(values)


# ---- who reports it ----


def test_a_run_that_ends_leaves_no_record_and_was_not_interrupted(own, gateway):
    process = own.start("whole", command=sh("sleep 0.3"))
    (record,) = own.records
    assert record.stat().st_mode & 0o777 == 0o600
    assert finish(process).stderr == ""
    assert own.records == [] and own.spooled() == []
    assert gateway.group("whole")["job_interrupted"].value == 0


def test_the_next_run_of_another_job_reports_it(own, gateway):
    own.interrupt("left")
    result = own.pushmetrics("run", "--url", own.url, "-j", "next", "--", "true")
    assert (result.status, result.stderr) == (0, "")
    assert_interrupted(gateway.group("left"))
    assert gateway.group("next")["job_interrupted"].value == 0
    assert own.records == [] and own.spooled() == []


def test_the_next_run_of_the_same_job_reports_it_beside_its_job_and_then_its_own_end(own, gateway):
    own.interrupt("again")
    process = own.start("again", command=sh("sleep 1"))
    wait_until(lambda: gateway.find("again"), timeout=0.9)
    assert_interrupted(gateway.group("again"))
    assert process.poll() is None
    assert finish(process).status == 0
    values = gateway.group("again").values
    assert (values["job_interrupted"], values["job_success"]) == (0, 1)
    assert own.records == [] and own.spooled() == []


def test_no_report_comes_after_the_end_of_a_next_run_that_was_short(own, gateway):
    for _ in range(5):
        own.interrupt("short")
        assert own.pushmetrics("run", "--url", own.url, "-j", "short", "--", "true").stderr == ""
        values = gateway.group("short").values
        assert (values["job_interrupted"], values["job_success"]) == (0, 1)
    assert own.records == [] and own.spooled() == []


def test_push_reports_it(own, gateway):
    own.interrupt("left for push")
    result = own.pushmetrics("push", "--url", own.url, "-j", "pushed", "-m", "x=1")
    assert (result.status, result.stderr) == (0, "")
    assert_interrupted(gateway.group("left for push"))


def test_flush_reports_it_and_says_so_when_asked(own, gateway):
    own.interrupt("left for flush", "-l", "path=/srv/ü", "--prefix", "backup_")
    result = own.flush("-v")
    assert result.status == 0
    assert "job 'left for flush': the run that began " in result.stderr
    assert_interrupted(gateway.group("left for flush", path="/srv/ü"), "backup_")
    assert own.flush("-v").stderr.startswith("pushmetrics: nothing waits in ")


def test_it_is_reported_to_each_of_its_targets(own, gateway, tmp_path):
    textfile = tmp_path / "textfile"
    textfile.mkdir()
    own.interrupt("spread", "--url", f"textfile:{textfile}", "--url", "stdout:")
    assert own.pushmetrics("run", "--url", f"http://127.0.0.1:{free_port()}", "--retries", "0", "-q", "--", "true").status == 0
    assert_interrupted(gateway.group("spread"))
    (file,) = textfile.glob("*.prom")
    assert 'job_interrupted{job="spread"} 1\n' in file.read_text()


def test_that_the_job_runs_is_taken_back(own, gateway):
    process = own.start("noted", "--notify-start")
    wait_until(lambda: gateway.find("noted"))
    assert gateway.group("noted")["job_running"].value == 1
    own.kill(process)
    assert own.flush().status == 0
    assert gateway.group("noted")["job_running"].value == 0
    assert gateway.group("noted")["job_interrupted"].value == 1


def test_that_the_next_run_goes_on_is_not_taken_back(own, gateway):
    own.interrupt("noted again", "--notify-start")
    process = own.start("noted again", "--notify-start")
    wait_until(lambda: "job_interrupted" in (gateway.find("noted again") or ()))
    wait_until(lambda: gateway.group("noted again")["job_running"].value == 1)
    time.sleep(0.2)
    group = gateway.group("noted again")
    assert [group[f"job_{name}"].value for name in ("running", "interrupted", "success")] == [1, 1, 0]
    process.send_signal(signal.SIGTERM)
    finish(process)
    assert gateway.group("noted again")["job_interrupted"].value == 0


def test_list_shows_it(own, gateway):
    own.interrupt("listed")
    own.flush()
    result = own.pushmetrics("list", "--url", own.url, "--match", "job=listed", "--json")
    assert '"state": "interrupted"' in result.stdout and '"interrupted": true' in result.stdout


def test_the_job_of_an_interrupted_run_gets_sigterm(own):
    process = own.start("ended")
    (mark,) = own.directory.glob("started-ended-*")
    job = int(mark.read_text())
    own.kill(process)
    wait_until(lambda: is_gone(job))


def test_a_run_without_a_spool_is_not_recorded(own):
    process = own.pushmetrics.spawn("run", "--url", own.url, "--no-spool", "-j", "unrecorded", "--", *sh("sleep 0.3"))
    time.sleep(0.2)
    assert own.records == []
    assert finish(process).status == 0
    own.pushmetrics("run", "--url", own.url, "--dry-run", "--", "true")
    assert own.records == []


# ---- counts ----


def test_it_is_counted_and_is_one_of_the_failures_in_a_row(own, gateway):
    run = ("run", "--url", own.url, "--count", "-j", "counted", "--")
    for command in ("true", "false"):
        own.pushmetrics(*run, command)
    own.interrupt("counted", "--count")
    assert own.flush().status == 0
    group = gateway.group("counted")
    assert counts(group) == {"success": 1, "failure": 1, "interrupted": 1}
    assert group["job_consecutive_failures"].value == 2
    own.interrupt("counted", "--count")
    assert own.pushmetrics(*run, "true").stderr == ""
    group = gateway.group("counted")
    assert counts(group) == {"success": 2, "failure": 1, "interrupted": 2}
    assert (group["job_consecutive_failures"].value, group["job_interrupted"].value) == (0, 0)


def test_the_first_run_of_all_is_counted_by_the_second(own, gateway):
    own.interrupt("first", "--count")
    assert own.flush().status == 0
    assert "job_runs_total" not in gateway.group("first")
    assert own.pushmetrics("run", "--url", own.url, "--count", "-j", "first", "--", "true").stderr == ""
    assert counts(gateway.group("first")) == {"success": 1, "failure": 0, "interrupted": 1}


# ---- what is newer ----


def test_a_run_that_goes_on_is_not_reported(own, gateway):
    process = own.start("living")
    for finder in (own.flush, lambda: own.pushmetrics("run", "--url", own.url, "-j", "finder", "--", "true")):
        assert finder().status == 0
        assert gateway.find("living") is None and len(own.records) == 1
    own.kill(process)


@pytest.mark.parametrize("newer_ends", ["before", "after"])
def test_no_report_replaces_that_of_a_newer_run(own, gateway, newer_ends):
    """They overlapped; the older one was killed before or after the newer one ended."""
    job = f"overlapped {newer_ends}"
    older = own.start(job, "--count")
    newer = own.start(job, "--count")
    if newer_ends == "after":
        own.kill(older)
        assert own.flush().status == 0
        assert gateway.find(job) is None  # it is left to the newer run
    newer.send_signal(signal.SIGTERM)
    finish(newer)
    if newer_ends == "before":
        own.kill(older)
    end = gateway.group(job).values
    assert own.flush("-v").status == 0
    assert gateway.group(job).values == end and end["job_interrupted"] == 0
    assert own.records == [] and own.spooled() == []
    own.pushmetrics("run", "--url", own.url, "--count", "-j", job, "--", "true")
    assert counts(gateway.group(job)) == {"success": 1, "failure": 1, "interrupted": 1}


def test_of_several_interrupted_runs_of_a_group_the_newest_is_reported_and_all_are_counted(own, gateway):
    own.pushmetrics("run", "--url", own.url, "--count", "-j", "row", "--", "true")
    for _ in range(3):
        record = own.interrupt("row", "--count")
        record.rename(own.directory / record.name)  # so that the next one does not find it
    kept = sorted(own.directory.glob("*.run"))
    for record in kept:
        record.rename(own.state / "runs" / record.name)
    newest = int(kept[-1].name.split("-")[0]) / 1e9
    assert own.flush().status == 0
    group = gateway.group("row")
    assert abs(group["job_start_timestamp_seconds"].value - newest) < 1e-5
    assert counts(group) == {"success": 1, "failure": 0, "interrupted": 3}
    assert own.records == []


def test_a_run_that_had_ended_is_reported_as_it_ended(own, tmp_path):
    """pushmetrics was killed while it tried to deliver the last push."""
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    process = own.pushmetrics.spawn("run", "--url", url, "-j", "ended", "-m", "rows=7", "--", *sh("exit 3"))
    connection, _ = silent.accept()
    assert connection.recv(10)
    own.kill(process)
    connection.close()
    silent.close()
    gateway = Gateway(tmp_path / "gateway")
    gateway.start(int(url.rsplit(":", 1)[1]))
    try:
        assert own.flush().status == 0
        values = gateway.group("ended").values
        assert (values["job_exit_code"], values["job_interrupted"], values["rows"]) == (3, 0, 7)
        assert "job_duration_seconds" in values
    finally:
        gateway.stop()


# ---- many records ----


def test_many_records_on_a_slow_disk_delay_neither_the_job_nor_its_push(own, gateway, tmp_path):
    """As after a reboot of a machine with many jobs."""
    processes = [own.start(f"one of many {number}") for number in range(40)]
    for process in processes:
        own.kill(process)
    slow = preload(tmp_path, SLOW_DISK)
    mark = tmp_path / "signalled"
    job = sh('trap "date +%s.%N >$1; exit 7" TERM; while :; do sleep 0.05; done', str(mark))
    run = own.start("the finder", command=job, env=slow)
    time.sleep(0.5)
    sent = time.time()
    run.send_signal(signal.SIGTERM)
    result = finish(run)
    assert result.status == 7
    assert float(mark.read_text()) - sent < 0.5, "the signal reached the job at once"
    ended = gateway.group("the finder").values["job_last_completion_timestamp_seconds"]
    assert time.time() - ended < 2.5, "what is left is for the next one"
    assert own.flush().status == 0
    assert own.records == [] and own.spooled() == []
    for number in range(40):
        assert_interrupted(gateway.group(f"one of many {number}"))


def test_a_long_run_reports_them_all(own, gateway, tmp_path):
    processes = [own.start(f"found while it runs {number}") for number in range(25)]
    for process in processes:
        own.kill(process)
    run = own.start("goes on", env=preload(tmp_path, SLOW_DISK))
    wait_until(lambda: len(own.records) == 1 and own.spooled() == [], 20, "all of them")
    own.kill(run)
    assert_interrupted(gateway.group("found while it runs 24"))


# ---- a clock that was set back ----


@pytest.fixture
def ahead(tmp_path):
    """Before it was set back."""
    return preload(tmp_path, A_DAY_AHEAD)


def test_a_run_that_began_tomorrow_is_older_than_one_that_ended_today(own, gateway, ahead):
    older = own.start("set back", env=ahead)
    assert own.pushmetrics("run", "--url", own.url, "-j", "set back", "--", "true").status == 0
    own.kill(older)
    assert own.flush().status == 0
    values = gateway.group("set back").values
    assert (values["job_interrupted"], values["job_success"]) == (0, 1)
    assert own.records == [] and own.spooled() == []


def test_a_run_that_was_killed_tomorrow_is_reported(own, gateway, ahead):
    own.interrupt("tomorrow", env=ahead)
    assert own.flush().status == 0
    values = gateway.group("tomorrow").values
    assert (values["job_interrupted"], values["job_success"]) == (1, 0)
    assert own.records == []


def test_of_two_that_were_killed_the_one_of_today_is_reported(own, gateway, ahead):
    runs = [own.start("both", env=ahead), own.start("both")]
    for run in runs:
        own.kill(run)
    began = time.time()
    assert own.flush().status == 0
    group = gateway.group("both")
    assert group["job_start_timestamp_seconds"].value < began
    assert own.records == []


# ---- many finders ----


@pytest.mark.parametrize("finders", [2, 20])
def test_many_finders_at_once_report_it_once(own, gateway, finders):
    job = f"found by {finders}"
    own.pushmetrics("run", "--url", own.url, "--count", "-j", job, "--", "true")
    own.interrupt(job, "--count")
    processes = [own.pushmetrics.spawn("flush", "--url", own.url, "-v") for _ in range(finders)]
    results = [finish(process) for process in processes]
    assert sum("was interrupted" in result.stderr for result in results) == 1
    own.flush()
    assert counts(gateway.group(job)) == {"success": 1, "failure": 0, "interrupted": 1}
    assert own.records == [] and own.spooled() == []


def test_a_finder_that_is_killed_loses_nothing_and_reports_nothing_twice(own, gateway):
    own.pushmetrics("run", "--url", own.url, "--count", "-j", "handed on", "--", "true")
    chance = random.Random(4)
    for number in range(1, 21):
        own.interrupt("handed on", "--count")
        finder = own.pushmetrics.spawn("flush", "--url", own.url)
        time.sleep(chance.uniform(0, 0.03))
        own.kill(finder)
        assert own.flush().status == 0
        assert own.records == [] and own.spooled() == []
        assert counts(gateway.group("handed on"))["interrupted"] == number
        assert gateway.group("handed on")["job_interrupted"].value == 1


# ---- which process is gone ----


def test_a_record_of_another_boot_is_of_a_run_that_is_gone(own, gateway):
    """Although a process of that id lives, begun at that tick."""
    record = own.interrupt("rebooted")
    rename_owner(record, pid=os.getpid(), start=ticks_of(os.getpid()), boot=OTHER_BOOT)
    assert own.flush().status == 0
    assert_interrupted(gateway.group("rebooted"))


def test_a_process_id_that_was_given_again_is_not_the_run(own, gateway):
    record = own.interrupt("given again")
    rename_owner(record, pid=os.getpid(), start=ticks_of(os.getpid()) + 1)
    assert own.flush().status == 0
    assert_interrupted(gateway.group("given again"))


def test_a_living_process_holds_its_record_even_if_its_lock_is_lost(own, gateway):
    record = own.interrupt("unlocked")
    record = rename_owner(record, pid=os.getpid(), start=ticks_of(os.getpid()))
    assert own.flush().status == 0
    assert gateway.find("unlocked") is None and own.records == [record]


IN_A_CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def test_a_run_in_another_container_is_reported_once_its_process_is_gone_and_not_before(own, gateway):
    process = own.start("contained", prefix=IN_A_CONTAINER)
    assert own.flush().status == 0
    assert gateway.find("contained") is None and len(own.records) == 1
    own.kill(process)
    (record,) = own.records
    assert record.name.split(".")[2] != str(namespace_of("self"))
    wait_until(lambda: own.flush().status == 0 and gateway.find("contained"))
    assert_interrupted(gateway.group("contained"))


def test_a_finder_in_another_container_does_not_take_a_living_run_for_gone(own, gateway):
    process = own.start("host's")
    assert own.flush(prefix=IN_A_CONTAINER).status == 0
    assert gateway.find("host's") is None
    own.kill(process)
    assert own.flush(prefix=IN_A_CONTAINER).status == 0
    assert_interrupted(gateway.group("host's"))


@pytest.fixture
def without_locks(tmp_path):
    """A file system without flock(2)."""
    return preload(tmp_path, WITHOUT_LOCKS)


def test_without_locks_the_process_decides(own, gateway, without_locks):
    process = own.start("lockless", env=without_locks)
    assert b"locked\n" not in own.records[0].read_bytes()
    assert own.flush(env=without_locks).status == 0
    assert gateway.find("lockless") is None and len(own.records) == 1
    own.kill(process)
    processes = [own.pushmetrics.spawn("flush", "--url", own.url, "-v", env=without_locks) for _ in range(10)]
    results = [finish(process) for process in processes]
    assert sum("was interrupted" in result.stderr for result in results) == 1
    own.flush()
    assert_interrupted(gateway.group("lockless"))


def test_without_locks_nothing_is_said_of_a_run_in_another_container(own, gateway, without_locks):
    process = own.start("lockless container", prefix=IN_A_CONTAINER, env=without_locks)
    for environment in (without_locks, {}):
        result = own.flush("-v", env=environment)
        assert result.status == 0 and gateway.find("lockless container") is None
        assert len(own.records) == 1
    assert "another PID namespace" in own.flush("-v", env=without_locks).stderr
    own.kill(process)
    rename_owner(own.records[0], boot=OTHER_BOOT)
    assert own.flush(env=without_locks).status == 0
    assert_interrupted(gateway.group("lockless container"))


# ---- trouble ----


def test_while_the_gateway_is_down_the_report_waits_in_the_spool(own, tmp_path):
    port = free_port()
    own.url = f"http://127.0.0.1:{port}"
    own.interrupt("down")
    result = own.pushmetrics("run", "--url", own.url, "--retries", "0", "-j", "other", "--", "true")
    assert result.status == 0
    assert own.records == [] and len(own.spooled()) == 2
    with Gateway(tmp_path / "gateway") as gateway:
        gateway.stop()
        gateway.start(port)
        assert own.flush().status == 0
        assert_interrupted(gateway.group("down"))
        assert gateway.group("other")["job_interrupted"].value == 0


def test_a_newer_run_supersedes_the_report_that_waits(own, tmp_path):
    port = free_port()
    own.url = f"http://127.0.0.1:{port}"
    own.interrupt("late")
    own.flush("--retries", "0")
    assert len(own.spooled()) == 1
    with Gateway(tmp_path / "gateway") as gateway:
        gateway.stop()
        gateway.start(port)
        own.pushmetrics("run", "--url", own.url, "-j", "late", "--", "true")
        assert own.flush().status == 0
        assert gateway.group("late")["job_interrupted"].value == 0


def put_record(own, name, text, owner="4194303.1.1"):
    folder = own.state / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time.time_ns():020d}-00000000000000aa-{owner}.{name}.run"
    if text is not None:
        path.write_bytes(text)
    return path


def test_what_is_no_record_does_no_harm(own, gateway):
    record = own.interrupt("sound")
    text = record.read_bytes()
    record.unlink()
    put_record(own, "01", text[:-20])
    put_record(own, "02", text.replace(b"job sound", b"job Sound"))
    put_record(own, "03", b"\0" * 4096)
    put_record(own, "04", text.replace(b"pushmetrics-run 1", b"pushmetrics-run 2"))
    with open(put_record(own, "05", b"x"), "wb") as sparse:
        sparse.truncate(1 << 40)
    os.mkfifo(put_record(own, "06", None))
    put_record(own, "07", None).mkdir()
    put_record(own, "08", None).symlink_to("/dev/zero")
    empty = put_record(own, "09", b"")
    (own.state / "runs" / "note.txt").write_text("of somebody")
    result = own.flush("-v")
    assert (result.status, result.elapsed < 5) == (0, True)
    assert result.stderr.count("; it is set aside as ") == 5
    assert len(list((own.state / "runs").glob("*.bad"))) == 5
    assert not empty.exists()
    assert own.spooled() == []
    result = own.pushmetrics("run", "--url", own.url, "-j", "beside", "--", "true")
    assert (result.status, result.stderr) == (0, "")


def test_an_empty_record_is_of_a_run_that_is_about_to_write_it_unless_it_is_old(own):
    boot = open("/proc/sys/kernel/random/boot_id").read().strip()
    empty = put_record(own, boot, b"", owner="1.1.1")  # in another PID namespace
    assert own.flush().status == 0 and empty.exists()
    os.utime(empty, (time.time() - 7200,) * 2)
    assert own.flush().status == 0 and not empty.exists()


def test_a_record_of_another_user_is_left_alone(own, gateway):
    record = own.interrupt("foreign")
    os.chown(record, 12345, 12345)
    result = own.flush("-v")
    assert result.status == 0 and "belongs to another user" in result.stderr
    assert record.exists() and gateway.find("foreign") is None


def test_what_was_appended_in_part_is_not_taken_for_the_end(own, gateway):
    record = own.interrupt("torn")
    with open(record, "ab") as file:
        file.write(b"end 1795414385000000000 1234 89abcdef\njob_success 1\n")
    assert own.flush().status == 0
    assert_interrupted(gateway.group("torn"))


@contextlib.contextmanager
def small_disk(directory, size="64k", options=""):
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}{options}", "none", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", directory], check=True)


def fill(directory):
    with open(directory / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(b"x" * 4096):
            pass
    return directory / "filler"


def test_a_full_disk_does_no_harm_and_the_report_comes_once_there_is_room(own, gateway):
    with small_disk(own.state):
        own.interrupt("kept")
        filler = fill(own.state)
        result = own.pushmetrics("run", "--url", own.url, "-j", "on a full disk", "--", "true")
        assert (result.status, result.stderr) == (0, "")
        assert gateway.group("on a full disk")["job_success"].value == 1
        assert own.flush().status == 0 and len(own.records) == 1
        assert gateway.find("kept") is None
        filler.unlink()
        assert own.flush().status == 0
        assert_interrupted(gateway.group("kept"))
        assert own.records == []


def test_a_disk_that_is_read_only_does_no_harm(own, gateway):
    with small_disk(own.state):
        own.interrupt("frozen")
        subprocess.run(["mount", "-o", "remount,ro", own.state], check=True)
        result = own.pushmetrics("run", "--url", own.url, "-j", "on a frozen disk", "--", "true")
        assert (result.status, result.stderr) == (0, "")
        assert own.flush().status == 0
        assert gateway.find("frozen") is None and len(own.records) == 1
        subprocess.run(["mount", "-o", "remount,rw", own.state], check=True)
        assert own.flush().status == 0
        assert_interrupted(gateway.group("frozen"))


def test_nothing_comes_before_the_job_starts(own, tmp_path):
    own.interrupt("waiting")
    trace = tmp_path / "trace"
    own.pushmetrics(
        *("run", "--url", own.url, "-j", "traced", "--", "true"), prefix=("strace", "-f", "-o", str(trace))
    )
    lines = trace.read_text().splitlines()
    spawned = next(number for number, line in enumerate(lines) if "vfork(" in line)
    touched = [line for line in lines[:spawned] if any(word in line for word in ("/runs", "boot_id", "cgroup", "/stat"))]
    assert touched == []
    assert any("/runs" in line for line in lines[spawned:])
    assert not any("fsync" in line for line in lines if "/runs" in line)


# ---- memory ----


@contextlib.contextmanager
def memory_cgroup(limit):
    """A memory cgroup of its own: of version 1, or of version 2 where that has the controller."""
    for root, limit_file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        folder = f"{root}/pushmetrics-test-{os.getpid()}"
        with contextlib.suppress(OSError):
            os.mkdir(folder)
            if os.path.exists(f"{folder}/{limit_file}"):
                break
            os.rmdir(folder)
    else:
        pytest.fail("this test needs root, and a memory controller: please run tests/run as root")
    try:
        with open(f"{folder}/{limit_file}", "w") as file:
            file.write(str(limit))
        yield folder
    finally:
        for _ in range(100):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
                break
            time.sleep(0.05)


EATS = "import os; x = bytearray(200 << 20)"


def within(folder):
    """A command that runs the rest in the cgroup."""
    return ("sh", "-c", f'echo $$ >{folder}/cgroup.procs && exec "$@"', "sh")


def test_a_child_that_the_kernel_kills_for_lack_of_memory_is_counted(own, gateway):
    with memory_cgroup(48 << 20) as folder:
        command = sh(f"python3 -c '{EATS}'; python3 -c '{EATS}'; exit 0")
        result = own.pushmetrics("run", "--url", own.url, "-j", "hungry child", "--", *command, prefix=within(folder))
        assert result.status == 0
        assert gateway.group("hungry child")["job_oom_kills"].value == 2
        own.pushmetrics("run", "--url", own.url, "-j", "modest", "--", "true", prefix=within(folder))
        assert gateway.group("modest")["job_oom_kills"].value == 0


def test_a_run_that_was_interrupted_out_of_memory_says_so(own, gateway):
    """pushmetrics with the job, as in a container that is killed whole."""
    with memory_cgroup(48 << 20) as folder:
        process = own.start("hungry", prefix=within(folder))
        eaten = subprocess.run([*within(folder), "python3", "-c", EATS], timeout=20)
        assert eaten.returncode == -signal.SIGKILL
        own.kill(process)
        assert own.flush().status == 0
        assert_interrupted(gateway.group("hungry"))
        assert gateway.group("hungry")["job_oom_kills"].value == 1


def test_of_cgroup_v2_the_events_of_the_job_s_cgroup_are_read(own, gateway, tmp_path):
    """On a hierarchy of its own, whose files are none of the kernel's."""
    events = tmp_path / "events"
    events.write_text("low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 0\n")
    cgroup = tmp_path / "cgroup"
    cgroup.write_text("0::/jobs/nightly\n")
    setup = (
        'mount -t tmpfs none /sys/fs/cgroup && mkdir -p /sys/fs/cgroup/jobs/nightly && '
        'cat "$0" >/sys/fs/cgroup/jobs/nightly/memory.events && '
        'mount --bind "$1" /proc/$$/cgroup && shift && exec "$@"'
    )
    prefix = ("unshare", "--mount", "sh", "-c", setup, str(events), str(cgroup))
    command = sh('cat >/sys/fs/cgroup/jobs/nightly/memory.events <<E\nmax 9\noom_kill 5\nE')
    result = own.pushmetrics("run", "--url", own.url, "-j", "v2", "--", *command, prefix=prefix)
    assert (result.status, result.stderr) == (0, "")
    assert gateway.group("v2")["job_oom_kills"].value == 3


def test_where_no_cgroup_can_be_read_no_oom_kills_are_pushed(own, gateway):
    setup = 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", setup, "sh")
    result = own.pushmetrics("run", "--url", own.url, "-j", "bare", "--", "true", prefix=prefix)
    assert (result.status, result.stderr) == (0, "")
    assert "job_oom_kills" not in gateway.group("bare")
