"""`run --count`: how often a job succeeded and failed, also while targets are down."""

import contextlib
import fcntl
import json
import signal
import time

import pytest

from support.faulty_server import FaultyServer
from support.jobs import sh
from support.program import finish
from support.servers import Prometheus, VictoriaMetrics, wait_until


@pytest.fixture
def count(pushmetrics):
    """count(gateway or URLs, job, command…, options=()): a counted run."""

    def count(where, job, *command, options=(), **how):
        urls = [where.url] if hasattr(where, "url") else where
        targets = [word for url in urls for word in ("--url", url)]
        options = ("--count", "-j", job, "--retries", "0", *options)
        return pushmetrics("run", *targets, *options, "--", *command, **how)

    return count


def counts(gateway, job, prefix="job_", **labels):
    """(successes, failures, failures in a row) as the gateway holds them."""
    group = gateway.group(job, **labels)
    runs = group[prefix + "runs_total"]
    assert runs.type == "counter" and len(runs.samples) == 3
    assert group[prefix + "consecutive_failures"].type == "gauge"
    assert group[prefix + "success"].value in (0, 1)
    status = [runs.value_of(status=status) for status in ("success", "failure")]
    return (*status, group[prefix + "consecutive_failures"].value)


def forget(pushmetrics):
    """As on a machine where nothing ran yet."""
    for path in (pushmetrics.home / "state").glob("**/*.counts"):
        path.unlink()


# ---- what is counted ----


def test_each_run_is_counted_and_nothing_is_said(count, gateway):
    seen = []
    for command in ("true", "false", "false", "true", "false"):
        assert count(gateway, "plain", command).stderr == ""
        seen.append(counts(gateway, "plain"))
    assert seen == [(1, 0, 0), (1, 1, 1), (1, 2, 2), (2, 2, 0), (2, 3, 1)]


def test_without_the_option_nothing_is_counted(run, gateway):
    assert run("-j", "uncounted", "--", "true").status == 0
    assert not [name for name in gateway.group("uncounted") if "runs_total" in name or "consecutive" in name]


def test_what_counts_as_a_failure_is_what_the_run_says(count, gateway):
    count(gateway, "codes", *sh("exit 24"), options=("--success-codes", "0,24"))
    assert counts(gateway, "codes") == (1, 0, 0)
    count(gateway, "codes", "sleep", "60", options=("--timeout", "100ms"))
    assert counts(gateway, "codes") == (1, 1, 1)
    assert count(gateway, "codes", "/nowhere/to/be/found").status == 127
    assert count(gateway, "codes", *sh("kill -KILL $$")).status == -signal.SIGKILL
    assert counts(gateway, "codes") == (1, 3, 3)


def test_each_group_and_each_prefix_has_counts_of_its_own(count, gateway):
    count(gateway, "mine", "true")
    count(gateway, "mine", "true", options=("-i", "db1"))
    count(gateway, "mine", "false", options=("--prefix", "backup_"))
    count(gateway, "mine", "true")
    assert counts(gateway, "mine") == (2, 0, 0)
    assert counts(gateway, "mine", instance="db1") == (1, 0, 0)
    assert counts(gateway, "mine", prefix="backup_") == (0, 1, 1)


def test_a_textfile_directory_is_counted_in_as_well(count, pushmetrics, tmp_path):
    directory = tmp_path / "textfiles"
    directory.mkdir()
    for command in ("true", "true", "false"):
        assert count([f"textfile:{directory}"], "filed", command).stderr == ""
        forget(pushmetrics)
    (file,) = directory.glob("*.prom")
    text = file.read_text()
    assert 'job_runs_total{job="filed",status="success"} 2\n' in text
    assert 'job_runs_total{job="filed",status="failure"} 1\n' in text
    assert 'job_consecutive_failures{job="filed"} 1\n' in text


def test_list_shows_a_counted_group_as_any_other(count, pushmetrics, gateway):
    gateway.wipe()
    count(gateway, "listed", "true")
    count(gateway, "listed", "false")
    result = pushmetrics("list", "--url", gateway.url, "--json")
    (group,) = json.loads(result.stdout)["targets"][0]["groups"]
    assert group["state"] == "failed" and group["labels"] == {"job": "listed"}
    assert group["success"] is False and group["last_success_time"] > 0
    assert [group[name] for name in ("runs_succeeded", "runs_failed", "consecutive_failures")] == [1, 1, 1]
    text = pushmetrics("list", "--url", gateway.url).stdout
    assert len(text.splitlines()) == 2 and " failed " in text and " no " in text


def test_a_dry_run_shows_the_counts_and_keeps_none(count, pushmetrics, gateway):
    count(gateway, "dry", "true")
    for _ in range(2):
        result = count(gateway, "dry", "true", options=("--dry-run",))
        assert 'job_runs_total{status="success"} 2\n' in result.stderr
    count(gateway, "dry", "true")
    assert counts(gateway, "dry") == (2, 0, 0)


# ---- runs at once ----


@pytest.mark.parametrize("kind", ["gateway", "textfile"])
def test_of_twenty_runs_at_once_every_one_is_counted(pushmetrics, gateway, tmp_path, kind):
    url = gateway.url if kind == "gateway" else f"textfile:{tmp_path}"
    options = ("--url", url, "--count", "-j", "crowd", "--push-timeout", "60s")
    jobs = [pushmetrics.spawn("run", *options, "--", *sh(f"exit {number % 2}")) for number in range(20)]
    results = [finish(job, 90) for job in jobs]
    assert [result.stderr for result in results] == [""] * 20
    if kind == "gateway":
        assert counts(gateway, "crowd")[:2] == (10, 10)
    else:
        (file,) = tmp_path.glob("*.prom")
        for status in ("success", "failure"):
            assert f'job_runs_total{{job="crowd",status="{status}"}} 10\n' in file.read_text()


def test_a_run_whose_turn_does_not_come_is_counted_all_the_same(count, pushmetrics, running_gateway):
    count(running_gateway, "slow", "true")
    running_gateway.pause()
    url = ("--url", running_gateway.url)
    jobs = [
        pushmetrics.spawn("run", *url, "--count", "-j", "slow", "--push-timeout", "1s", "--", "true")
        for _ in range(4)
    ]
    results = [finish(job) for job in jobs]
    running_gateway.resume()
    assert all(result.status == 0 and result.elapsed < 5 for result in results)
    assert pushmetrics("flush").status == 0
    assert count(running_gateway, "slow", "true").stderr == ""
    assert counts(running_gateway, "slow") == (6, 0, 0)


@pytest.mark.parametrize("lock, told", [("turn", "another run of it still pushes"), ("file", "holds them locked")])
def test_a_lock_that_another_keeps_is_told_and_waited_for_no_longer_than_the_push_may_take(
    count, pushmetrics, gateway, lock, told
):
    job = f"locked-{lock}"
    count(gateway, job, "true")
    (path,) = (pushmetrics.home / "state").glob(f"**/*.{lock}")
    with open(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = count(gateway, job, *sh("exit 3"), options=("--push-timeout", "1s"))
    assert result.status == 3 and result.elapsed < 3
    assert len(result.messages) == 1 and told in result.stderr
    assert counts(gateway, job) == (1, 1, 1)


# ---- targets that come and go ----


def test_what_runs_while_the_gateway_is_down_is_counted_and_arrives_by_flush(count, pushmetrics, running_gateway):
    for command in ("true", "false"):
        count(running_gateway, "offline", command)
    running_gateway.stop()
    for command in ("false", "false", "true", "false"):
        result = count(running_gateway, "offline", command)
        assert len(result.messages) == 1 and "; spooled" in result.stderr
    running_gateway.start(running_gateway.port)
    assert pushmetrics("flush").status == 0
    assert counts(running_gateway, "offline") == (2, 4, 1)
    count(running_gateway, "offline", "false")
    assert counts(running_gateway, "offline") == (2, 5, 2)


def test_first_runs_without_a_gateway_are_added_to_what_it_holds(count, pushmetrics, running_gateway):
    for command in ("true", "true", "false"):
        count(running_gateway, "moved", command)
    forget(pushmetrics)
    running_gateway.pause()
    for command in ("false", "false"):
        result = count(running_gateway, "moved", command, options=("--push-timeout", "600ms"))
        assert "not pushed until a target reports" in result.stderr_lines[0]
    running_gateway.resume()
    assert pushmetrics("flush").status == 0
    assert counts(running_gateway, "moved") == (2, 1, 1)
    assert count(running_gateway, "moved", "false").stderr == ""
    assert counts(running_gateway, "moved") == (2, 4, 4)


def test_a_wiped_gateway_does_not_set_the_counts_back(count, running_gateway):
    for command in ("true", "false", "true"):
        count(running_gateway, "wiped", command)
    running_gateway.wipe()
    count(running_gateway, "wiped", "false")
    assert counts(running_gateway, "wiped") == (2, 2, 1)


def test_runs_on_another_machine_are_counted_in(count, pushmetrics, gateway):
    count(gateway, "shared", "true")
    for _ in range(2):
        count(gateway, "shared", "false", env={"XDG_STATE_HOME": str(pushmetrics.home / "elsewhere")})
    assert counts(gateway, "shared") == (1, 2, 2)
    count(gateway, "shared", "false")
    assert counts(gateway, "shared") == (1, 3, 3)
    count(gateway, "shared", "true", env={"XDG_STATE_HOME": str(pushmetrics.home / "elsewhere")})
    assert counts(gateway, "shared") == (2, 3, 0)


def test_targets_that_tell_nothing_get_counts_too(count, tmp_path):
    with contextlib.ExitStack() as servers:
        prometheus = servers.enter_context(Prometheus(tmp_path / "prometheus"))
        victoria = servers.enter_context(VictoriaMetrics(tmp_path / "victoria"))
        urls = [f"remote-write+{prometheus.url}", victoria.url + "/api/v1/import/prometheus"]
        for command in ("true", "false", "true"):
            assert count(urls, "silent", command).stderr == ""
            time.sleep(0.01)  # samples of one millisecond would be duplicates

        def of_prometheus():
            runs = prometheus.query('job_runs_total{job="silent"}')
            return {labels["status"]: value for labels, value in runs}

        def of_victoria():
            runs = victoria.series('job_runs_total{job="silent"}')
            return {labels["status"]: values[-1] for labels, values in runs}

        for place in (of_prometheus, of_victoria):
            wait_until(lambda place=place: place() == {"success": 2, "failure": 1, "interrupted": 0}, 10, place.__name__, 0.1)


def test_a_gateway_that_hides_its_groups_gets_counts_too(count):
    def takes_but_never_tells(connection):
        head, _ = connection.read_request()
        status = "202 Accepted" if head.startswith(b"POST") else "403 Forbidden"
        connection.send(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    with FaultyServer(takes_but_never_tells) as server:
        for command in ("true", "false"):
            assert count(server, "hidden", command).stderr == ""
        body = [body.decode() for head, body in server.requests if head.startswith("POST")][-1]
        assert 'job_runs_total{status="success"} 1\njob_runs_total{status="failure"} 1\n' in body


# ---- nowhere to keep them ----


def test_without_a_spool_the_gateway_alone_keeps_the_counts(count, pushmetrics, gateway):
    for command in ("true", "false", "false"):
        assert count(gateway, "diskless", command, options=("--no-spool",)).stderr == ""
    assert counts(gateway, "diskless") == (1, 2, 2)
    assert not (pushmetrics.home / "state").exists()


def test_without_a_spool_and_a_target_that_tells_the_run_is_pushed_without_counts(count, tmp_path):
    with VictoriaMetrics(tmp_path) as victoria:
        url = victoria.url + "/api/v1/import/prometheus"
        result = count([url], "nowhere", *sh("exit 5"), options=("--no-spool",))
        assert result.status == 5
        assert len(result.messages) == 1 and "this run is not counted" in result.stderr
        wait_until(lambda: victoria.series('job_exit_code{job="nowhere"}'), 10, "it is pushed", 0.1)
        assert not victoria.series('job_runs_total{job="nowhere"}')


def test_where_nothing_can_be_written_the_gateway_alone_keeps_the_counts(count, gateway):
    for number, command in enumerate(("true", "false")):
        result = count(gateway, "sealed", *sh(f"echo out; exit {number}"), options=("--spool", "/proc/none"))
        assert (result.status, result.stdout) == (number, "out\n")
        assert len(result.messages) == 1
        assert "job 'sealed': its runs are not counted reliably: /proc/none" in result.stderr
    assert counts(gateway, "sealed") == (1, 1, 1)


def test_a_damaged_file_is_told_and_begun_anew(count, pushmetrics, gateway):
    count(gateway, "damaged", "true")
    (file,) = (pushmetrics.home / "state").glob("**/*.counts")
    assert file.stat().st_mode & 0o7777 == 0o600
    file.write_text("rubbish\n")
    result = count(gateway, "damaged", "true")
    assert len(result.messages) == 1 and f"{file} is damaged" in result.stderr
    assert count(gateway, "damaged", "true").stderr == ""
    assert counts(gateway, "damaged") == (3, 0, 0)


# ---- the job comes first ----


def test_counting_takes_no_more_time_than_the_push_may(count, running_gateway):
    running_gateway.pause()
    result = count(running_gateway, "stuck", *sh("exit 6"), options=("--push-timeout", "1s"))
    running_gateway.resume()
    assert result.status == 6 and 0.9 < result.elapsed < 2


def test_told_to_end_while_it_counts_it_gives_up_counting(pushmetrics, running_gateway):
    running_gateway.pause()
    run = pushmetrics.spawn("run", "--url", running_gateway.url, "--count", "-j", "told", "--push-timeout", "60s", "true")
    time.sleep(0.5)
    run.send_signal(signal.SIGTERM)
    result = finish(run)
    running_gateway.resume()
    assert result.status == 0 and result.elapsed < 6
    assert "interrupted by a signal" in result.stderr
    assert pushmetrics("flush").status == 0
    assert running_gateway.group("told")["job_success"].value == 1


def test_metrics_of_the_counts_names_are_refused_by_name(count, gateway):
    result = count(gateway, "clash", "true", options=("-m", "job_consecutive_failures=7"))
    assert result.status == 0 and "job_consecutive_failures is one of the run's own metrics" in result.stderr
    result = count(gateway, "clash", *sh('echo "job_runs_total 7" >>$PUSHMETRICS_FILE'))
    assert result.status == 0 and "job_runs_total is one of the run's own metrics" in result.stderr
    assert counts(gateway, "clash") == (2, 0, 0)


def test_a_group_with_a_label_status_is_pushed_without_counts(count, gateway):
    result = count(gateway, "labelled", "true", options=("-l", "status=x"))
    assert result.status == 0
    assert len(result.messages) == 1 and "--count" in result.stderr and "'status'" in result.stderr
    assert "job_runs_total" not in gateway.group("labelled", status="x")


def test_a_gateway_that_refuses_the_counts_still_gets_the_run(count, gateway):
    gateway.wipe()
    gateway.push("# TYPE job_runs_total gauge\njob_runs_total 9\n", "stranger")
    try:
        result = count(gateway, "refused", *sh("exit 3"))
        assert result.status == 3 and "--count" in result.stderr
        assert gateway.group("refused")["job_exit_code"].value == 3
    finally:
        gateway.wipe()
    count(gateway, "refused", "false")
    assert counts(gateway, "refused") == (0, 2, 2)
