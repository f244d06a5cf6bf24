"""The textfile target: what node_exporter makes of it, and everything that must not happen to it."""

import concurrent.futures
import fcntl
import os
import re
import stat

import pytest

from support.jobs import sh
from support.servers import NodeExporter


@pytest.fixture(scope="module")
def exporter(tmp_path_factory):
    with NodeExporter(tmp_path_factory.mktemp("exporter")) as server:
        yield server


@pytest.fixture
def directory(exporter):
    for file in exporter.textfiles.iterdir():
        file.unlink()
    return exporter.textfiles


@pytest.fixture
def push(pushmetrics, directory):
    def push(job, text, *options, **how):
        return pushmetrics("push", "--url", f"textfile:{directory}", "-j", job, *options, input=text, **how)

    return push


def lines(exporter):
    text = exporter.scrape()
    assert "node_textfile_scrape_error 0" in text
    return text.splitlines()


def test_a_group_is_a_file_that_every_user_can_read(push, directory):
    old = os.umask(0o077)
    try:
        assert push("backup", "x 1\n", "-i", "db1").status == 0
    finally:
        os.umask(old)
    (file,) = directory.iterdir()
    assert re.fullmatch(r"pushmetrics-backup-db1-[0-9a-f]{16}\.prom", file.name)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert push("backup", "x 2\n", "-i", "db1").status == 0
    assert list(directory.iterdir()) == [file]


def test_odd_labels_are_read_by_node_exporter(push, exporter):
    odd = 'a/b "c"\\d\ne é'
    assert push(odd, 'x{job="own",y="z"} 1\n', "-l", "empty=").status == 0
    assert r'x{empty="",job="a/b \"c\"\\d\ne é",y="z"} 1' in lines(exporter)


def test_a_push_replaces_families_and_replace_the_file(push, exporter):
    assert push("j", 'a{x="1"} 1\nb 2\n').status == 0
    assert push("j", 'a{x="2"} 3\n').status == 0
    found = [line for line in lines(exporter) if 'job="j"' in line]
    assert found == ['a{job="j",x="2"} 3', 'b{job="j"} 2']
    assert push("j", "c 4\n", "--replace").status == 0
    assert [line for line in lines(exporter) if 'job="j"' in line] == ['c{job="j"} 4']


def test_help_is_the_same_in_every_file(push, exporter):
    assert push("one", "# HELP x First words.\nx 1\n").status == 0
    assert push("two", "# HELP x Other words.\nx 2\n").status == 0
    assert push("three", "x 3\n").status == 0
    assert push("four", "y 4\n").status == 0
    assert push("five", "# HELP y Words at last.\ny 5\n").status == 0
    found = lines(exporter)
    assert {'x{job="one"} 1', 'x{job="two"} 2', 'x{job="three"} 3', 'y{job="four"} 4', 'y{job="five"} 5'} <= set(found)
    assert "# HELP x First words." in found


@pytest.mark.parametrize("file", ["aaa.prom", "zzz.prom"])
@pytest.mark.parametrize("help_line", ["", "# HELP job_success Of another script.\n"], ids=["without", "with"])
@pytest.mark.parametrize("comes", ["before", "between", "after"])
def test_a_family_of_another_script_is_served_with_ours(pushmetrics, directory, exporter, file, help_line, comes):
    def run(job):
        result = pushmetrics("run", "--url", f"textfile:{directory}", "-j", job, "--", "true")
        assert (result.status, result.stderr) == (0, "")

    def write():
        (directory / file).write_text(help_line + '# TYPE job_success gauge\njob_success{job="other"} 1\n')

    steps = {"before": (write, "one", "two"), "between": ("one", write, "two"), "after": ("one", write, "one")}
    for step in steps[comes]:
        step() if callable(step) else run(step)
    served = {line for line in lines(exporter) if line.startswith("job_success{")}
    jobs = ["one", "two", "other"] if comes != "after" else ["one", "other"]
    assert served == {f'job_success{{job="{job}"}} 1' for job in jobs}
    if comes == "between":  # what another script removed no longer decides
        (directory / file).unlink()
        run("three")
        found = lines(exporter)
        kept = "Of another script." if help_line else "Whether the last run succeeded (1) or failed (0)."
        assert f"# HELP job_success {kept}" in found
        assert sum(line.startswith("job_success{") for line in found) == 3


def test_a_name_of_node_exporter_itself_is_rejected(push, directory, exporter):
    for name in ("go_goroutines", "process_open_fds", "node_load1", "node_textfile_scrape_error"):
        result = push("one", f"# TYPE {name} gauge\n{name} 1\n")
        assert result.status == 1 and f"node_exporter has a metric {name} itself" in result.stderr
    assert list(directory.iterdir()) == []
    assert "go_goroutines" in exporter.scrape()


def test_what_node_exporter_would_drop_is_refused(push, exporter):
    assert push("one", "# TYPE x gauge\nx 1\n").status == 0
    result = push("two", "# TYPE x counter\nx 1\n")
    assert (result.status, len(result.stderr_lines)) == (1, 1)
    assert "pushmetrics-one-" in result.stderr and "x is of type gauge, not counter" in result.stderr
    assert push("one", 'y{tier="a"} 1\n').status == 0
    result = push("one", "y 1\n", "-l", "tier=a")
    assert result.status == 1 and "same series of y" in result.stderr
    lines(exporter)


HISTOGRAM = '# TYPE rpc histogram\nrpc_bucket{le="+Inf"} 1\nrpc_sum 1\nrpc_count 1\n'
SUMMARY = "# TYPE rpc summary\nrpc_sum 1\nrpc_count 1\n"


@pytest.mark.parametrize(
    "whole, part",
    [(HISTOGRAM, "rpc_count"), (HISTOGRAM, "rpc_bucket"), (SUMMARY, "rpc_sum")],
)
def test_what_a_histogram_or_summary_has_to_itself_is_refused(push, directory, exporter, whole, part):
    assert push("one", whole).status == 0
    result = push("two", f"{part} 5\n")
    assert (result.status, len(result.stderr_lines)) == (1, 1)
    assert '(group job="one"): there rpc is a ' in result.stderr and f"which has {part} to itself" in result.stderr
    assert 'rpc_sum{job="one"} 1' in lines(exporter)
    for file in directory.iterdir():
        file.unlink()
    assert push("two", f"{part} 5\n").status == 0
    result = push("one", whole)
    assert (result.status, len(result.stderr_lines)) == (1, 1)
    assert f'(group job="two"): it holds {part}, which the ' in result.stderr
    assert f'{part}{{job="two"}} 5' in lines(exporter)


def test_a_type_that_node_exporter_does_not_know_is_refused(push, exporter):
    assert push("one", "b 1\n").status == 0
    result = push("two", "# TYPE a GaugeHistogram\na_count 1\n", "--strict")
    assert (result.status, "a is a gaugehistogram" in result.stderr) == (1, True)
    assert 'b{job="one"} 1' in lines(exporter)


def test_a_summary_leaves_buckets_to_others(push, exporter):
    assert push("one", SUMMARY).status == 0
    assert push("two", "rpc_bucket 5\n").status == 0
    assert {'rpc_sum{job="one"} 1', 'rpc_bucket{job="two"} 5'} <= set(lines(exporter))


def test_series_that_differ_in_an_empty_label_only_are_refused(push, exporter):
    result = push("j", 'x 1\nx{f=""} 2\n')
    assert (result.status, len(result.stderr_lines)) == (1, 1)
    assert 'x{job="j"} and x{f="",job="j"} are one series' in result.stderr
    assert push("j", 'x{f=""} 2\nx{f="g"} 3\n').status == 0
    assert 'x{f="g",job="j"} 3' in lines(exporter)


def test_a_run_whose_added_metrics_are_refused_is_still_there(pushmetrics, push, directory, exporter):
    assert push("one", "# TYPE x gauge\nx 1\n").status == 0
    job = sh("printf '# TYPE x counter\\nx 1\\n' >>$PUSHMETRICS_FILE")
    result = pushmetrics("run", "--url", f"textfile:{directory}", "-j", "two", "--", *job)
    assert result.status == 0 and "; discarded" in result.stderr
    assert 'job_success{job="two"} 1' in lines(exporter)
    result = pushmetrics("run", "--url", f"textfile:{directory}", "--require-push", "-j", "two", "--", *job)
    assert result.status == 125


def test_a_missing_directory_is_told_and_the_push_waits(pushmetrics, tmp_path):
    url = f"textfile:{tmp_path / 'missing'}"
    result = pushmetrics("run", "--url", url, "-j", "j", "--", *sh("exit 3"))
    assert (result.status, len(result.messages)) == (3, 1)
    assert "there is no such directory" in result.stderr and "; spooled" in result.stderr
    (tmp_path / "missing").mkdir()
    assert pushmetrics("flush", "--url", url).status == 0
    assert len(list((tmp_path / "missing").glob("*.prom"))) == 1


def test_a_file_in_place_of_the_directory_is_told(pushmetrics, tmp_path):
    (tmp_path / "file").write_text("")
    result = pushmetrics("push", "--url", f"textfile:{tmp_path / 'file'}", "-j", "j", "-m", "x=1")
    assert result.status == 1 and "Not a directory" in result.stderr


def test_many_writers_of_one_group_lose_nothing(push, directory, exporter):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda number: push("shared", f"m{number} {number}\n"), range(40)))
    assert [result.status for result in done] == [0] * 40
    assert {f'm{number}{{job="shared"}} {number}' for number in range(40)} <= set(lines(exporter))
    assert len(list(directory.iterdir())) == 1


@pytest.mark.parametrize("kind", [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_a_lock_that_is_never_released_stops_no_writer(pushmetrics, directory, kind):
    held = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(held, kind)
        url = f"textfile:{directory}"
        result = pushmetrics("run", "--url", url, "--push-timeout", "2s", "-j", "j", "--", *sh("exit 3"))
    finally:
        os.close(held)
    assert (result.status, result.stderr) == (3, "")
    assert result.elapsed < 2
    assert len(list(directory.iterdir())) == 1


def grow(size):
    def make(path):
        path.touch()
        os.truncate(path, size)

    return make


HOSTILE = {
    "2 GiB": grow(2 << 30),
    "1 TiB": grow(1 << 40),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a FIFO": os.mkfifo,
    "a directory": os.mkdir,
    "many samples": lambda path: path.write_text("".join(f'x{{a="{n}"}} 1\n' for n in range(500_000))),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_of_somebody_else_makes_no_run_slow(pushmetrics, tmp_path, kind):
    directory = tmp_path / "textfiles"
    directory.mkdir()
    for number in range(5):
        HOSTILE[kind](directory / f"neighbour-{number}.prom")
    url = f"textfile:{directory}"
    result = pushmetrics("run", "--count", "--url", url, "--push-timeout", "2s", "-j", "j", "--", *sh("exit 3"))
    assert (result.status, result.stderr) == (3, "")
    assert result.elapsed < 4
    (own,) = directory.glob("pushmetrics-*.prom")
    assert 'job_runs_total{job="j",status="failure"} 1' in own.read_text()
    listed = pushmetrics("list", "--url", url)
    assert listed.status == 0 and "failed" in listed.stdout
    assert listed.elapsed < 4


def test_a_reader_never_sees_a_file_half_written(push, directory):
    big = "".join(f'x{{n="{number}"}} 1\n' for number in range(5000))
    assert push("big", big).status == 0
    (file,) = directory.iterdir()
    whole = file.read_text().count("\n")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(lambda: [push("big", big).status for _ in range(5)])
        while not pushing.done():
            assert file.read_text().count("\n") == whole
    assert pushing.result() == [0] * 5


def test_a_damaged_file_is_begun_anew_with_a_warning(push, directory, exporter):
    assert push("j", "x 1\n").status == 0
    (file,) = directory.iterdir()
    file.write_text(file.read_text() + 'x{job="j" 2\n')
    result = push("j", "y 2\n")
    assert result.status == 0 and "damaged" in result.stderr
    assert 'y{job="j"} 2' in lines(exporter)


def test_somebody_else_s_file_is_not_written_over(push, directory):
    assert push("j", "x 1\n").status == 0
    (file,) = directory.iterdir()
    file.write_text("mine 1\n")
    result = push("j", "x 1\n")
    assert result.status == 1 and f"{file.name} there is not this group's" in result.stderr
    assert file.read_text() == "mine 1\n"


def test_what_is_no_file_in_the_directory_holds_up_nobody(pushmetrics, push, directory):
    os.mkfifo(directory / "fifo.prom")
    (directory / "endless.prom").symlink_to("/dev/zero")
    assert push("backup", "x 1\n").status == 0
    target = ("--url", f"textfile:{directory}")
    assert pushmetrics("run", *target, "-j", "job", "--", "true").stderr == ""
    assert "backup" in pushmetrics("list", *target).stdout
    (file,) = directory.glob("pushmetrics-backup-*")
    file.unlink()
    os.mkfifo(file)
    result = push("backup", "x 1\n")
    assert f"{file.name} there cannot be read: it is not a file" in result.stderr


def test_a_full_disk_loses_neither_the_old_file_nor_the_push(pushmetrics, push, directory):
    assert push("j", "x 1\n").status == 0
    (file,) = directory.iterdir()
    before = file.read_text()
    big = "".join(f'y{{n="{number}"}} 1\n' for number in range(5000))
    limited = pushmetrics.spawn(
        *("push", "--url", f"textfile:{directory}", "--no-spool", "--retries", "0", "-j", "j", "/dev/stdin"),
        prefix=("sh", "-c", 'ulimit -f 16; exec "$@"', "sh"),
        stdin=-1,
        text=True,
    )
    _, stderr = limited.communicate(big, timeout=20)
    assert limited.returncode == 1 and "it cannot be written to" in stderr
    assert list(directory.iterdir()) == [file] and file.read_text() == before


# ---- groups ----


def test_groups_are_listed_deleted_and_pruned(pushmetrics, push, directory):
    url = ("--url", f"textfile:{directory}")
    (directory / "other.prom").write_text("other 1\n")
    for job in ("a", "b", "c"):
        assert pushmetrics("run", *url, "-j", job, "-l", "tier=x", "--", "true").status == 0
    listed = pushmetrics("list", *url)
    assert listed.status == 0
    assert [name for name in ("a", "b", "c") if re.search(rf"\b{name}\b", listed.stdout)] == ["a", "b", "c"]
    assert pushmetrics("delete", *url, "-j", "a", "-l", "tier=x").status == 0
    assert pushmetrics("delete", *url, "-j", "a", "-l", "tier=x").status == 0
    assert len(list(directory.iterdir())) == 3
    assert pushmetrics("delete", *url, "--match", "job=b", "--yes").status == 0
    assert len(list(directory.iterdir())) == 2
    assert pushmetrics("prune", *url, "--older-than", "0s").status == 0
    assert [file.name for file in directory.iterdir()] == ["other.prom"]
    assert push("d", "x 1\n").status == 0
    assert pushmetrics("wipe", *url, "--yes").status == 0
    assert [file.name for file in directory.iterdir()] == ["other.prom"]


def test_listing_a_missing_directory_is_told(pushmetrics, tmp_path):
    result = pushmetrics("list", "--url", f"textfile:{tmp_path / 'missing'}")
    assert result.status == 1 and "there is no such directory" in result.stderr
