"""`pushmetrics add` and `run --histogram`: what adds up from run to run, also while targets are down."""

import json
import pathlib
import signal
import time

import pytest

from support.jobs import sh
from support.program import BINARY, finish
from support.servers import Prometheus, wait_until

ADD = f"'{BINARY}' add"


@pytest.fixture
def run_job(pushmetrics):
    """run_job(gateway or URLs, job, script, *options)."""

    def run_job(where, job, script, *options, **how):
        urls = [where.url] if hasattr(where, "url") else where
        targets = [word for url in urls for word in ("--url", url)]
        command = sh(script.replace("ADD", ADD))
        return pushmetrics("run", *targets, "-j", job, "--retries", "0", *options, "--", *command, **how)

    return run_job


def forget(pushmetrics):
    """As on a machine where nothing ran yet."""
    for path in (pushmetrics.home / "state").glob("**/*.counts"):
        path.unlink()


def durations(group, prefix="job_"):
    """{bound: count}, sum and count of the histogram."""
    family = group[prefix + "run_duration_seconds"]
    assert family.type == "histogram"
    ((labels, value),) = family.samples
    return value["buckets"], value["sum"], value["count"]


# ---- counters ----


def test_a_counter_has_the_sum_of_all_runs(run_job, gateway):
    seen = []
    for script in ("ADD rows_total 40; ADD rows_total 2", "ADD rows_total 0.5; exit 3", "true", "ADD rows_total 8"):
        result = run_job(gateway, "sum", script)
        assert result.stderr == ""
        seen.append(gateway.group("sum")["rows_total"].value)
    assert gateway.group("sum")["rows_total"].type == "counter"
    assert seen == [42, 42.5, 42.5, 50.5]


def test_each_series_of_a_counter_is_kept_though_a_run_adds_to_one_of_them(run_job, gateway):
    run_job(gateway, "series", "ADD --help-text 'Errors, by kind.' 'errors_total{kind=\"a b\"}' 1; ADD 'errors_total{kind=\"c\"}' 5")
    run_job(gateway, "series", "ADD 'errors_total{kind=\"a b\"}' 2")
    family = gateway.group("series")["errors_total"]
    assert family.help == "Errors, by kind."
    assert [family.value_of(kind=kind) for kind in ("a b", "c")] == [3, 5]


def test_many_may_add_at_once(run_job, gateway):
    result = run_job(gateway, "crowd", 'for n in $(seq 100); do ADD rows_total "$n" & done; wait', timeout=60)
    assert (result.status, result.stderr) == (0, "")
    assert gateway.group("crowd")["rows_total"].value == 5050


def test_overlapping_runs_are_all_added(pushmetrics, gateway):
    command = ("--", *sh(f"sleep 0.2; {ADD} rows_total 1; {ADD} files_total 2"))
    jobs = [
        pushmetrics.spawn("run", "--url", gateway.url, "-j", "overlap", "--push-timeout", "60s", "--histogram", *command)
        for _ in range(10)
    ]
    assert [finish(job, 90).stderr for job in jobs] == [""] * 10
    group = gateway.group("overlap")
    assert (group["rows_total"].value, group["files_total"].value) == (10, 20)
    assert durations(group)[2] == "10"


def test_counters_of_two_machines_and_of_a_new_one_go_on(run_job, pushmetrics, gateway):
    other = {"env": {"XDG_STATE_HOME": str(pushmetrics.home / "elsewhere")}}
    run_job(gateway, "shared", "ADD rows_total 1; ADD 'more_total{x=\"1\"}' 1", "--histogram")
    run_job(gateway, "shared", "ADD rows_total 10", "--histogram", **other)
    run_job(gateway, "shared", "ADD rows_total 100", "--histogram")
    forget(pushmetrics)
    run_job(gateway, "shared", "ADD rows_total 1000; ADD 'more_total{x=\"2\"}' 1", "--histogram")
    group = gateway.group("shared")
    assert group["rows_total"].value == 1111
    assert [group["more_total"].value_of(x=x) for x in "12"] == [1, 1]
    assert durations(group)[2] == "4"


def test_a_textfile_directory_is_read_back_as_well(run_job, pushmetrics, tmp_path):
    directory = tmp_path / "textfiles"
    directory.mkdir()
    for _ in range(3):
        assert run_job([f"textfile:{directory}"], "filed", "ADD 'rows_total{a=\"b\"}' 2", "--histogram=1h").stderr == ""
        forget(pushmetrics)
    (file,) = directory.glob("*.prom")
    text = file.read_text()
    assert 'rows_total{a="b",job="filed"} 6\n' in text
    assert 'job_run_duration_seconds_bucket{job="filed",le="3600"} 3\n' in text


def test_prometheus_sees_an_increase(run_job, tmp_path, running_gateway):
    with Prometheus(tmp_path / "prometheus", Prometheus.scraping([running_gateway.address], "200ms")) as prometheus:
        for rows in (5, 10):
            run_job(running_gateway, "scraped", "ADD rows_total 5", "--histogram=1s,1m")
            wait_until(lambda rows=rows: [v for _, v in prometheus.query("rows_total") if v == rows], 10, rows, 0.1)
        wait_until(lambda: prometheus.query("increase(rows_total[1m]) > 0"), 10, "an increase", 0.2)
        quantile = "histogram_quantile(0.9, sum by (le) (job_run_duration_seconds_bucket))"
        ((_, value),) = prometheus.query(quantile)
        assert 0 < value <= 1


# ---- the histogram ----


def test_the_histogram_counts_all_runs_by_their_duration(run_job, gateway):
    for script in ("true", "sleep 0.3; false", "sleep 0.3"):
        assert run_job(gateway, "durations", script, "--histogram=1h,200ms").stderr == ""
    buckets, total, count = durations(gateway.group("durations"))
    assert (buckets, count) == ({"0.2": "1", "3600": "3", "+Inf": "3"}, "3")
    assert 0.6 <= float(total) < 3


def test_the_default_bounds_go_from_a_second_to_a_day(run_job, gateway):
    run_job(gateway, "default", "true", "--histogram")
    bounds = [float(bound) for bound in durations(gateway.group("default"))[0]]
    assert sorted(bounds)[0] == 1 and sorted(bounds)[-2] == 86400


def test_with_other_bounds_it_begins_anew_and_says_so(run_job, gateway):
    run_job(gateway, "bounds", "true", "--histogram=1s")
    result = run_job(gateway, "bounds", "true", "--histogram=2s")
    assert len(result.messages) == 1 and "its histogram begins anew: the bounds have changed" in result.stderr
    assert durations(gateway.group("bounds"))[0] == {"2": "1", "+Inf": "1"}


@pytest.mark.parametrize("bounds", ["", "0", "1s,1s", "x", "-1s", ","])
def test_wrong_bounds_are_an_error_of_the_command_line(pushmetrics, bounds):
    result = pushmetrics("run", f"--histogram={bounds}", "--", "true")
    assert result.status == 125 and "--histogram: " in result.stderr and "the job was not run" in result.stderr


def test_a_configuration_file_may_set_and_the_command_line_unset_it(run_job, gateway, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[run]\nhistogram = "1m,1h"\n')
    run_job(gateway, "configured", "true", "--config", str(config))
    assert set(durations(gateway.group("configured"))[0]) == {"60", "3600", "+Inf"}
    run_job(gateway, "unset", "true", "--config", str(config), "--histogram=none")
    assert "job_run_duration_seconds" not in gateway.group("unset")


def test_a_group_with_the_label_le_is_pushed_without_a_histogram(run_job, gateway):
    result = run_job(gateway, "le", "true", "--histogram", "-l", "le=1")
    assert result.status == 0 and "--histogram: its buckets have a label 'le'" in result.stderr
    assert "job_run_duration_seconds" not in gateway.group("le", le="1")


def test_counts_histogram_and_counters_are_kept_together(run_job, pushmetrics, gateway):
    for script in ("ADD rows_total 1", "ADD rows_total 1; false"):
        run_job(gateway, "all", script, "--histogram=1h", "--count")
    run_job(gateway, "all", "ADD rows_total 1")  # asks for neither, and changes neither
    group = gateway.group("all")
    assert group["rows_total"].value == 3 and durations(group)[2] == "2"
    assert [group["job_runs_total"].value_of(status=s) for s in ("success", "failure")] == [1, 1]


# ---- targets that come and go ----


def test_what_runs_add_while_the_gateway_is_lost_arrives_by_flush(run_job, pushmetrics, running_gateway):
    run_job(running_gateway, "offline", "ADD rows_total 1", "--histogram=1h")
    running_gateway.stop()
    for _ in range(3):
        result = run_job(running_gateway, "offline", "ADD rows_total 10", "--histogram=1h")
        assert len(result.messages) == 1 and "; spooled" in result.stderr
    running_gateway.start(running_gateway.port)
    assert pushmetrics("flush").status == 0
    group = running_gateway.group("offline")
    assert group["rows_total"].value == 31 and durations(group)[2] == "4"
    run_job(running_gateway, "offline", "ADD rows_total 100", "--histogram=1h")
    assert running_gateway.group("offline")["rows_total"].value == 131


def test_a_wiped_gateway_does_not_set_them_back(run_job, running_gateway):
    run_job(running_gateway, "wiped", "ADD rows_total 7; ADD old_total 1", "--histogram=1h")
    running_gateway.wipe()
    run_job(running_gateway, "wiped", "ADD rows_total 1", "--histogram=1h")
    group = running_gateway.group("wiped")
    assert (group["rows_total"].value, group["old_total"].value) == (8, 1)
    assert durations(group)[2] == "2"


def test_first_runs_without_a_gateway_are_added_to_what_it_holds(run_job, pushmetrics, running_gateway):
    run_job(running_gateway, "moved", "ADD rows_total 100", "--histogram=1h")
    forget(pushmetrics)
    running_gateway.pause()
    for _ in range(2):
        result = run_job(running_gateway, "moved", "ADD rows_total 1", "--histogram=1h", "--push-timeout", "600ms")
        assert "not pushed until a target" in result.stderr_lines[0]
    running_gateway.resume()
    assert pushmetrics("flush").status == 0
    assert running_gateway.group("moved")["rows_total"].value == 100
    assert run_job(running_gateway, "moved", "ADD rows_total 10", "--histogram=1h").stderr == ""
    group = running_gateway.group("moved")
    assert group["rows_total"].value == 112 and durations(group)[2] == "4"


def test_a_new_counter_waits_for_what_a_lost_gateway_holds_of_it_and_known_ones_do_not(run_job, pushmetrics, running_gateway):
    run_job(running_gateway, "mixed", "ADD 'new_total{x=\"1\"}' 100", env={"XDG_STATE_HOME": str(pushmetrics.home / "elsewhere")})
    run_job(running_gateway, "mixed", "ADD known_total 1")
    running_gateway.pause()
    script = "ADD known_total 1; ADD 'new_total{x=\"1\"}' 1"
    assert "not pushed until a target" in run_job(running_gateway, "mixed", script, "--push-timeout", "600ms").stderr
    running_gateway.resume()
    assert pushmetrics("flush").status == 0
    group = running_gateway.group("mixed")
    assert (group["known_total"].value, group["new_total"].value_of(x="1")) == (2, 100)
    assert run_job(running_gateway, "mixed", "ADD known_total 1").stderr == ""
    group = running_gateway.group("mixed")
    assert (group["known_total"].value, group["new_total"].value_of(x="1")) == (3, 101)


def test_without_a_spool_the_gateway_alone_keeps_them(run_job, pushmetrics, gateway):
    for _ in range(3):
        assert run_job(gateway, "diskless", "ADD rows_total 2", "--no-spool", "--histogram").stderr == ""
    assert gateway.group("diskless")["rows_total"].value == 6
    assert not (pushmetrics.home / "state").exists()


# ---- runs that are killed ----


def test_what_an_interrupted_run_added_is_kept_once(run_job, pushmetrics, gateway):
    run_job(gateway, "killed", "ADD rows_total 1", "--histogram=1h")
    command = sh(f"{ADD} rows_total 10; {ADD} other_total 3; echo $PUSHMETRICS_FILE; exec sleep 60")
    run = pushmetrics.spawn("run", "--url", gateway.url, "-j", "killed", "--histogram=1h", "--", *command)
    try:
        file = run.stdout.readline()
        time.sleep(0.3)
        run.send_signal(signal.SIGKILL)
        run.wait(10)
        path = pathlib.Path(file.decode().strip())
        assert path.exists()
        for _ in range(2):
            assert pushmetrics("flush").status == 0
        assert not path.exists(), "nobody else would remove it"
        group = gateway.group("killed")
        assert (group["rows_total"].value, group["other_total"].value if "other_total" in group else None) == (11, None)
        assert group["job_interrupted"].value == 1 and durations(group)[2] == "1"
    finally:
        finish(run, 10)
    run_job(gateway, "killed", "ADD rows_total 100", "--histogram=1h")
    group = gateway.group("killed")
    assert (group["rows_total"].value, group["other_total"].value) == (111, 3)
    assert durations(group)[2] == "2"


@pytest.mark.parametrize("moment", ["the counts are read back", "the push is under way"])
def test_a_run_killed_after_its_job_is_added_once(run_job, pushmetrics, running_gateway, moment):
    run_job(running_gateway, "late", "ADD rows_total 1", "--histogram=1h")
    running_gateway.pause()
    options = ("--push-timeout", "4s" if moment == "the push is under way" else "60s")
    run = pushmetrics.spawn("run", "--url", running_gateway.url, "-j", "late", "--histogram=1h", *options, "--", *sh(f"{ADD} rows_total 10"))
    time.sleep(3 if moment == "the push is under way" else 1)
    run.send_signal(signal.SIGKILL)
    finish(run, 10)
    running_gateway.resume()
    for _ in range(2):
        assert pushmetrics("flush").status == 0
    run_job(running_gateway, "late", "ADD rows_total 100", "--histogram=1h")
    group = running_gateway.group("late")
    assert group["rows_total"].value == 111 and durations(group)[2] == "3"


# ---- what cannot be added ----


@pytest.mark.parametrize(
    "operands, status, says",
    [
        (("rows_total",), 2, "'add' needs a metric and its value"),
        (("rows_total", "-1"), 3, "a counter only goes up"),
        (("rows_total", "NaN"), 3, "it is no finite number"),
        (("rows_total", "x"), 3, ""),
        (("rows total", "1"), 3, ""),
        (("rows_total", "1\nb 2"), 3, "line feed"),
    ],
)
def test_what_is_no_number_to_add_is_an_error(pushmetrics, tmp_path, operands, status, says):
    file = tmp_path / "metrics"
    file.touch()
    result = pushmetrics("add", "--", *operands, env={"PUSHMETRICS_FILE": str(file)})
    assert result.status == status and says in result.stderr
    assert file.read_text() == ""


def test_outside_a_job_it_is_an_error(pushmetrics):
    result = pushmetrics("add", "rows_total", "1")
    assert result.status == 2 and "'pushmetrics add' works inside a job" in result.stderr


def test_a_metric_that_is_also_set_is_what_was_set(run_job, gateway):
    result = run_job(gateway, "both", f"ADD rows 1; '{BINARY}' set rows 7")
    assert result.status == 0 and "rows is both set and added: what was added is dropped" in result.stderr
    assert gateway.group("both")["rows"].value == 7


def test_the_runs_own_metrics_cannot_be_added_to(run_job, gateway):
    for name in ("job_runs_total", "job_run_duration_seconds_count"):
        result = run_job(gateway, "reserved", f"ADD {name} 1")
        assert f"{name} is one of the run's own metrics" in result.stderr
        assert gateway.group("reserved")["job_success"].value == 1


def test_a_dry_run_shows_the_sums_and_keeps_none(run_job, gateway):
    run_job(gateway, "dry", "ADD rows_total 1")
    for _ in range(2):
        assert "\nrows_total 3\n" in run_job(gateway, "dry", "ADD rows_total 2", "--dry-run").stderr
    run_job(gateway, "dry", "ADD rows_total 1")
    assert gateway.group("dry")["rows_total"].value == 2


def test_list_takes_a_histogram_for_one_family(run_job, pushmetrics, gateway):
    gateway.wipe()
    run_job(gateway, "listed", "ADD rows_total 1", "--histogram")
    document = json.loads(pushmetrics("list", "--url", gateway.url, "--json").stdout)
    (group,) = document["targets"][0]["groups"]
    assert group["state"] == "ok" and group["labels"] == {"job": "listed"}
