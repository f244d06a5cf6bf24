"""`dashboard`: what it prints is whole and sound, and its queries return data from a real Prometheus."""

import itertools
import json
import re
import subprocess
import time

import pytest

from support.servers import Gateway, Prometheus, wait_until

MODES = ["pushgateway", "remote-write"]
HOUR = 3600
GOOD = {"job": "good", "instance": "db1", "environment": "production"}
BAD = {"job": "bad"}
QUOTED = {"job": 'a "b" \\c', "instance": "db1"}
NEW = {"job": "new"}


def dashboard_of(pushmetrics, *options):
    result = pushmetrics("dashboard", *options)
    assert (result.status, result.stderr) == (0, "")
    return json.loads(result.stdout)


def run_metrics(end, status=0, **more):
    """What `run` pushes (SPEC.md, "run")."""
    metrics = {
        "exit_code": status,
        "success": int(status == 0),
        "duration_seconds": 60,
        "start_timestamp_seconds": end - 60,
        "last_completion_timestamp_seconds": end,
        "cpu_user_seconds": 2,
        "cpu_system_seconds": 1,
        "max_resident_memory_bytes": 4096,
    }
    if status == 0:
        metrics["last_success_timestamp_seconds"] = end
    return {f"job_{name}": value for name, value in (metrics | more).items()}


def groups(now):
    """Of each state one: succeeded in time, overdue and failed, running, never succeeded."""
    overdue = {"expected_interval_seconds": HOUR, "last_success_timestamp_seconds": now - 5 * HOUR}
    return [
        (GOOD, run_metrics(now - 60, expected_interval_seconds=HOUR)),
        (BAD, run_metrics(now - 60, status=3, consecutive_failures=7, **overdue)),
        (QUOTED, run_metrics(now - 60, running=1, heartbeat_timestamp_seconds=now)),
        (NEW, run_metrics(now - 60, status=1)),
    ]


def notation(labels):
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


def scraped(directory, stack, now):
    gateway = stack(Gateway(directory / "gateway"))
    for labels, metrics in groups(now):
        job, *rest = labels.items()
        text = "".join(f"# TYPE {name} gauge\n{name} {value}\n" for name, value in metrics.items())
        gateway.push(text, job[1], **dict(rest))
    refused = gateway.request("POST", "/metrics/job/bad", b"# TYPE job_success counter\njob_success 1\n")
    assert refused.status == 400
    return stack(Prometheus(directory / "prometheus", Prometheus.scraping([gateway.address])))


def written(directory, stack, now):
    """A sample of each, older than an instant query sees, as remote write left it."""
    samples = {}
    for labels, metrics in groups(now):
        for name, value in metrics.items():
            samples.setdefault(name, []).append(f"{name}{notation(labels)} {value} {now - 20 * 60}\n")
    text = "".join(f"# TYPE {name} gauge\n" + "".join(lines) for name, lines in samples.items()) + "# EOF\n"
    (directory / "samples").write_text(text)
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples", "prometheus/data"]
    subprocess.run(backfill, cwd=directory, check=True, capture_output=True, timeout=60)
    return stack(Prometheus(directory / "prometheus"))


@pytest.fixture(scope="module", params=MODES)
def stored(request, tmp_path_factory):
    """(mode, a Prometheus with the states of some jobs)"""
    servers = []

    def stack(server):
        servers.append(server.start())
        return server

    directory = tmp_path_factory.mktemp(request.param)
    try:
        fill = scraped if request.param == "pushgateway" else written
        prometheus = fill(directory, stack, int(time.time()))
        wait_until(lambda: prometheus.query("last_over_time(job_success[1h])"))
        time.sleep(2)  # a few scrapes, for ranges
        yield request.param, prometheus
    finally:
        for server in reversed(servers):
            server.stop()


def targets(dashboard, title=None):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            if title in (None, panel["title"]):
                yield panel, target


def with_variables(expr, job=".*", instance=".*"):
    for name, value in (("$job", job), ("$instance", instance), ("$__interval", "60s")):
        expr = expr.replace(name, value)
    assert "$" not in expr
    return expr


def answer(prometheus, target, **variables):
    """Asks as Grafana would."""
    expr = with_variables(target["expr"], **variables)
    assert target["instant"] != target["range"]
    if target["instant"]:
        return prometheus.query(expr)
    now = time.time()
    mode = {"start": now - 30 * 60, "end": now, "step": 1}
    result = prometheus.api("query_range", query=expr, **mode)["result"]
    return [(series["metric"], float(series["values"][-1][1])) for series in result]


def test_every_query_returns_data(pushmetrics, stored):
    mode, prometheus = stored
    for panel, target in targets(dashboard_of(pushmetrics, "--source", mode)):
        assert answer(prometheus, target), f"{panel['title']}: {target['expr']}"


def test_the_counts_are_right(pushmetrics, stored):
    mode, prometheus = stored
    expected = {"Failing": 2, "Overdue": 1, "Never succeeded": 1, "Running": 1}
    if mode == "pushgateway":
        expected |= {"Failed pushes": 1, "Jobs": 4}
    dashboard = dashboard_of(pushmetrics, "--source", mode)
    found = {
        panel["title"]: answer(prometheus, target)
        for panel, target in targets(dashboard)
        if panel["type"] == "stat"
    }
    assert found == {title: [({}, count)] for title, count in expected.items()}


def test_a_count_of_nothing_is_zero(pushmetrics, stored):
    mode, prometheus = stored
    for panel, target in targets(dashboard_of(pushmetrics, "--source", mode)):
        if panel["type"] == "stat":
            assert answer(prometheus, target, job="another") == [({}, 0)]


def table(dashboard, prometheus, **variables):
    """{labels of a row: {title of a column: value}}, put together by Grafana's rules for merging."""
    rows = {}
    for panel, target in targets(dashboard, "State of every job"):
        _, organize = panel["transformations"]
        title = organize["options"]["renameByName"][f"Value #{target['refId']}"]
        for labels, value in answer(prometheus, target, **variables):
            rows.setdefault(frozenset(labels.items()), {})[title] = value
    return rows


def test_the_table_has_one_row_a_group_with_all_of_its_labels(pushmetrics, stored):
    mode, prometheus = stored
    rows = table(dashboard_of(pushmetrics, "--source", mode), prometheus)
    assert set(rows) == {frozenset(labels.items()) for labels in (GOOD, BAD, QUOTED, NEW)}
    good, bad, quoted, new = (rows[frozenset(labels.items())] for labels in (GOOD, BAD, QUOTED, NEW))
    assert (good["Last result"], good["Exit status"], good["Duration"]) == (1, 0, 60)
    assert (bad["Last result"], bad["Exit status"]) == (0, 3)
    assert abs(good["Last success"] / 1000 - time.time()) < 600
    assert bad["Last success"] < bad["Last completion"]
    assert good["Next expected"] == good["Last completion"] - 60_000 + HOUR * 1000
    assert quoted["Running"] == 1
    assert bad["Failed in a row"] == 7 and "Failed in a row" not in good
    assert "Last success" not in new and "Next expected" not in new


def test_a_job_and_an_instance_can_be_chosen(pushmetrics, stored):
    mode, prometheus = stored
    dashboard = dashboard_of(pushmetrics, "--source", mode)
    assert set(table(dashboard, prometheus, job="good|bad")) == {frozenset(x.items()) for x in (GOOD, BAD)}
    assert set(table(dashboard, prometheus, instance="db1")) == {frozenset(x.items()) for x in (GOOD, QUOTED)}


def test_the_choices_are_the_jobs_and_instances_that_there_are(pushmetrics, stored):
    mode, prometheus = stored
    choices = {}
    for variable in dashboard_of(pushmetrics, "--source", mode)["templating"]["list"][1:]:
        query = variable["query"]["query"]
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        match = with_variables(selector)
        choices[variable["name"]] = set(prometheus.api(f"label/{label}/values", **{"match[]": match}))
    assert choices == {"job": {"good", "bad", "new", QUOTED["job"]}, "instance": {"db1"}}


@pytest.mark.parametrize("mode", MODES)
def test_panels_have_their_own_ids_and_places(pushmetrics, mode):
    panels = dashboard_of(pushmetrics, "--source", mode)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24 and place["w"] > 0 and place["h"] > 0
        cells = set(
            itertools.product(
                range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
            )
        )
        assert not cells & taken, panel["title"]
        taken |= cells
    bottom = max(y for _, y in taken) + 1
    assert len(taken) == 24 * bottom, "there is a gap"


@pytest.mark.parametrize("mode", MODES)
def test_what_refers_to_something_finds_it(pushmetrics, mode):
    dashboard = dashboard_of(pushmetrics, "--source", mode)
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert variables == {"datasource", "job", "instance"}
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard))) <= variables | {"__interval", "__all"}
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in dashboard["panels"]:
        assert panel["datasource"] == chosen and panel["title"] and panel["description"]
        references = [target["refId"] for target in panel["targets"]]
        assert references and len(set(references)) == len(references)
        for target in panel["targets"]:
            assert target["datasource"] == chosen and target["expr"]
        if panel["type"] == "table":
            _, organize = panel["transformations"]
            names = organize["options"]["renameByName"]
            assert set(names) == {f"Value #{reference}" for reference in references}
            overrides = [override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]]
            assert set(overrides) == set(names.values())


def test_it_can_be_imported(pushmetrics):
    dashboard = dashboard_of(pushmetrics)
    assert "id" not in dashboard  # Grafana gives it one
    assert dashboard["title"] == "Jobs run under pushmetrics"
    assert dashboard["schemaVersion"] == 37  # of Grafana 9; later ones migrate it
    kinds = {panel["type"] for panel in dashboard["panels"]}
    assert kinds <= {"stat", "table", "timeseries", "state-timeline"}


def test_each_kind_has_a_uid_of_its_own(pushmetrics):
    options = [[], ["--source", "remote-write"], ["--prefix", "backup_"], ["--prefix", "x" * 60]]
    uids = [dashboard_of(pushmetrics, *more)["uid"] for more in options]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid) for uid in uids)


def test_the_prefix_is_that_of_the_metrics(pushmetrics):
    text = json.dumps(dashboard_of(pushmetrics, "--prefix", "backup_"))
    assert "backup_success" in text and "job_" not in text


@pytest.mark.parametrize("options", [["--prefix", "a-b"], ["--source", "x"], ["--lookback", "1d"], ["operand"]])
def test_options_that_make_no_sense_are_refused(pushmetrics, options):
    result = pushmetrics("dashboard", *options)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("pushmetrics: ") and len(result.messages) == 1
