"""One push to targets of every kind at once: the same values arrive at each, and each fares for itself."""

import contextlib
import re
import time

import pytest

from support.faulty_server import FaultyServer, answer
from support.jobs import sh
from support.servers import ClusterAgent, Gateway, NodeExporter, Prometheus, VictoriaMetrics, wait_until

SAMPLE = re.compile(r'^(?P<name>[^{ ]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$', re.M)
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


def unescaped(value):
    return re.sub(r"\\(.)", lambda escape: "\n" if escape[1] == "n" else escape[1], value)


def samples_of(text, job):
    """{(name, labels less the job): value} of what is exposed of a job."""
    found = {}
    for name, labels, value in SAMPLE.findall(text):
        labels = {key: unescaped(value) for key, value in LABEL.findall(labels)}
        if labels.pop("job", None) == job:
            labels = {key: value for key, value in labels.items() if value}
            found[name, tuple(sorted(labels.items()))] = float(value)
    return found


def series_of(pairs):
    found = {}
    for labels, value in pairs:
        labels = dict(labels)
        name = labels.pop("__name__")
        del labels["job"]
        found[name, tuple(sorted(labels.items()))] = value
    return found


class Place:
    """A server of one kind: its URL for pushmetrics, and what it holds of a job."""

    def __init__(self, server):
        self.server = server

    def url(self):
        return self.server.url

    def plain(self, job):
        """{name: value} of the series without labels of their own, less what the place adds."""
        return {name: value for (name, labels), value in self.held(job).items() if not labels}


class OnGateway(Place):
    def held(self, job):
        found = samples_of(self.server.scrape(), job)
        return {key: value for key, value in found.items() if not key[0].startswith("push_")}


class OnVictoriaMetrics(Place):
    path = "/api/v1/import/prometheus"

    def url(self):
        return self.server.url + self.path

    def held(self, job):
        return series_of((labels, values[-1]) for labels, values in self.server.series(f'{{job="{job}"}}'))


class OnPrometheus(Place):
    def url(self):
        return f"remote-write+{self.server.url}/api/v1/write"

    def held(self, job):
        return series_of(self.server.query(f'{{job="{job}"}}'))


class OnNodeExporter(Place):
    def url(self):
        return f"textfile:{self.server.textfiles}"

    def held(self, job):
        return samples_of(self.server.scrape(), job)


KINDS = {
    "gateway": (OnGateway, Gateway),
    "victoria-metrics": (OnVictoriaMetrics, VictoriaMetrics),
    "prometheus": (OnPrometheus, Prometheus),
    "node-exporter": (OnNodeExporter, NodeExporter),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    with contextlib.ExitStack() as servers:
        yield {
            name: place(servers.enter_context(server(tmp_path_factory.mktemp(name))))
            for name, (place, server) in KINDS.items()
        }


def is_same(held, expected):
    """VictoriaMetrics keeps fifteen digits of a value."""
    return held.keys() == expected.keys() and held == pytest.approx(expected, rel=1e-12)


def wait_for(places, job, expected):
    for name, place in places.items():
        wait_until(lambda place=place: is_same(place.held(job), expected), 10, f"{name} has the same", 0.1)


def urls(places):
    return [option for place in places.values() for option in ("--url", place.url())]


def test_a_run_is_the_same_at_every_kind_of_target(pushmetrics, places):
    job = ("echo 'rows_total{table=\"a\",odd=\"q\\\"\\\\\\\\s\"} 42' >>$PUSHMETRICS_FILE; exit 3",)
    result = pushmetrics("run", *urls(places), "-j", "nightly", "-l", "tier=gold", "-i", "db1", "--", *sh(*job))
    assert (result.status, result.stderr) == (3, "")
    expected = places["gateway"].held("nightly")
    names = {name for name, _ in expected}
    assert {"job_success", "job_exit_code", "job_duration_seconds", "rows_total"} <= names
    assert all(("tier", "gold") in labels and ("instance", "db1") in labels for _, labels in expected)
    wait_for(places, "nightly", expected)


def test_histograms_and_summaries_arrive_as_their_series(pushmetrics, places):
    text = (
        "# TYPE wait_seconds histogram\n"
        'wait_seconds_bucket{le="0.5"} 2\nwait_seconds_bucket{le="+Inf"} 9\n'
        "wait_seconds_sum 12.5\nwait_seconds_count 9\n"
        "# TYPE latency_seconds summary\n"
        'latency_seconds{quantile="0.5"} 0.25\nlatency_seconds_sum 17\nlatency_seconds_count 3\n'
    )
    result = pushmetrics("push", *urls(places), "-j", "shapes", input=text)
    assert (result.status, result.stderr) == (0, "")
    expected = places["gateway"].held("shapes")
    assert len(expected) == 7
    wait_for(places, "shapes", expected)


def test_a_failure_leaves_the_last_success_everywhere(pushmetrics, places):
    for command in ("true", "false"):
        pushmetrics("run", *urls(places), "-j", "flaky", "--", command)
        time.sleep(0.01)
    expected = places["gateway"].held("flaky")
    assert expected["job_success", ()] == 0 and expected["job_last_success_timestamp_seconds", ()] > 0
    wait_for(places, "flaky", expected)


@pytest.mark.parametrize("dead", KINDS)
def test_a_dead_target_changes_nothing_for_the_others_and_gets_its_due_later(pushmetrics, places, dead):
    job = f"orphan-{dead}"
    server = places[dead].server
    run = ("run", *urls(places), "-j", job, "--count", "--retries", "0", "--", *sh("exit 4"))
    if dead == "node-exporter":
        # No server takes part in a push: what can be missing is the directory.
        gone = server.textfiles.with_name("gone")
        server.textfiles.rename(gone)
        result = pushmetrics(*run)
        gone.rename(server.textfiles)
    else:
        server.stop()
        result = pushmetrics(*run)
        server.start(server.port)
    assert result.status == 4
    assert len(result.messages) == 1 and places[dead].url().split("+")[-1] in result.stderr
    others = {name: place for name, place in places.items() if name != dead}
    expected = others["prometheus" if dead == "gateway" else "gateway"].held(job)
    assert expected["job_exit_code", ()] == 4 and expected["job_consecutive_failures", ()] == 1
    assert expected["job_runs_total", (("status", "failure"),)] == 1
    wait_for(others, job, expected)
    assert places[dead].held(job) == {}

    assert pushmetrics("flush", *urls(places)).status == 0
    wait_for({dead: places[dead]}, job, expected)


# ---- VictoriaMetrics ----


def test_victoria_metrics_is_never_told_to_delete_or_to_replace(pushmetrics, places):
    url = places["victoria-metrics"].url()
    assert pushmetrics("push", "--url", url, "-j", "kept", input="x 1\n").status == 0
    for refused in (("push", "--replace", "-m", "x=2"), ("delete",)):
        result = pushmetrics(refused[0], "--url", url, "-j", "kept", *refused[1:])
        assert result.status == 1 and "cannot" in result.stderr or "can neither" in result.stderr
    wait_until(lambda: places["victoria-metrics"].plain("kept") == {"x": 1}, 10, "it is there", 0.1)


def test_victoria_metrics_takes_remote_write_too(pushmetrics, places):
    place = places["victoria-metrics"]
    assert pushmetrics("push", "--url", f"remote-write+{place.server.url}", "-j", "written", input="x 1\n").status == 0
    wait_for({"victoria-metrics": place}, "written", {("x", ()): 1})


def test_the_path_of_a_victoria_metrics_cluster_is_known(pushmetrics, tmp_path):
    with ClusterAgent(tmp_path / "agent") as agent:
        url = f"{agent.url}/insert/7/prometheus/api/v1/import/prometheus"
        result = pushmetrics("push", "--url", url, "-j", "clustered", "-l", "a=b", input="x 2\ny 3\n")
        assert (result.status, result.stderr) == (0, "")
        rows = re.findall(r'^vmagent_tenant_inserted_rows_total\{(.*)\} (\d+)$', agent.scrape(), re.M)
    assert [(labels, count) for labels, count in rows if count != "0"] == [
        ('type="prometheus",accountID="7",projectID="0"', "2")
    ]


# ---- remote write ----


def test_a_sample_that_comes_too_late_is_refused_with_an_explanation(pushmetrics, places):
    place = places["prometheus"]
    push = ("push", "--url", place.url(), "-j", "late")
    place.server.stop()
    assert "spooled" in pushmetrics(*push, "--retries", "0", input="x 1\n").stderr
    place.server.start(place.server.port)
    assert pushmetrics(*push, "--no-spool", input="x 2\n").status == 0
    result = pushmetrics("flush", "--url", place.url())
    assert result.status == 1
    assert "out of order" in result.stderr and "it comes too late" in result.stderr
    assert place.plain("late") == {"x": 2}


def test_any_2xx_is_a_success(pushmetrics):
    with FaultyServer(answer("201 Created")) as server:
        result = pushmetrics("push", "--url", f"remote-write+{server.url}/w", "-j", "x", "--no-spool", "-m", "x=1")
    assert (result.status, result.stderr, len(server.requests)) == (0, "", 1)


def test_a_server_without_the_receiver_says_so(pushmetrics, tmp_path):
    with Prometheus(tmp_path / "plain", options=()) as server:
        url = f"remote-write+{server.url}/api/v1/write"
        result = pushmetrics("push", "--url", url, "-j", "x", "--no-spool", input="x 1\n")
    assert result.status == 1
    assert "404" in result.stderr and "remote-write-receiver" in result.stderr


def test_remote_write_refuses_series_that_differ_in_an_empty_label_only(pushmetrics, places):
    place = places["prometheus"]
    result = pushmetrics("push", "--url", place.url(), "-j", "empty", input='x 1\nx{f=""} 2\n')
    assert (result.status, len(result.stderr_lines)) == (1, 1)
    assert 'x{job="empty"} and x{f="",job="empty"} are one series' in result.stderr
    assert place.plain("empty") == {}


def test_remote_write_has_no_groups(pushmetrics, places):
    result = pushmetrics("list", "--url", places["prometheus"].url())
    assert result.status == 1 and "can neither show nor delete groups" in result.stderr
