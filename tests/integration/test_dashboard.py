"""`dashboard`: what it prints is whole and sound, and its queries return data from a real Prometheus."""

import itertools
import json
import re
import subprocess
import time

import pytest
import yaml

from support.servers import Gateway, NodeExporter, Prometheus, wait_until

MODES = ["pushgateway", "textfile", "remote-write"]
HOUR = 3600
GOOD = {"job": "good", "instance": "db1", "environment": "production"}
BAD = {"job": "bad"}
QUOTED = {"job": 'a "b" \\c', "instance": "db1"}
NEW = {"job": "new"}
KILLED = {"job": "killed"}
RELEASE = {"job": "release"}
FOREIGN = [("probe_success", 0), ("probe_duration_seconds", 2)]  # end as the metrics of a job do


def dashboard_of(pushmetrics, *options):
    result = pushmetrics("dashboard", *options)
    assert (result.status, result.stderr) == (0, "")
    return json.loads(result.stdout)


def run_metrics(end, status=0, prefix="job_", **more):
    """What `run` pushes."""
    metrics = {
        "exit_code": status,
        "success": int(status == 0),
        "duration_seconds": 60,
        "start_timestamp_seconds": end - 60,
        "last_completion_timestamp_seconds": end,
        "cpu_user_seconds": 2,
        "cpu_system_seconds": 1,
        "max_resident_memory_bytes": 4096,
        "interrupted": 0,
        "oom_kills": 0,
    }
    if status == 0:
        metrics["last_success_timestamp_seconds"] = end
    return {prefix + name: value for name, value in (metrics | more).items()}


def groups(now):
    """Of each state one: succeeded in time, overdue and failed, running, never succeeded, interrupted, of a prefix
    of its own and late by its schedule; and metrics of another program."""
    overdue = {"expected_interval_seconds": HOUR, "last_success_timestamp_seconds": now - 5 * HOUR}
    late = {"next_run_timestamp_seconds": now - 2 * HOUR, "schedule_grace_seconds": HOUR}
    return [
        (KILLED, run_metrics(now - 60) | {"job_success": 0, "job_interrupted": 1, "job_oom_kills": 2}),
        (RELEASE, run_metrics(now - 60, prefix="release_", **late)),
        ({"job": "blackbox"}, dict(FOREIGN)),
        (GOOD, run_metrics(now - 60, expected_interval_seconds=HOUR)),
        (BAD, run_metrics(now - 60, status=3, consecutive_failures=7, **overdue)),
        (QUOTED, run_metrics(now - 60, running=1, heartbeat_timestamp_seconds=now)),
        (NEW, run_metrics(now - 60, status=1)),
    ]


def notation(labels):
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


def text_of(metrics, labels=""):
    return "".join(f"# TYPE {name} gauge\n{name}{labels} {value}\n" for name, value in metrics.items())


def exported(directory, stack, now):
    """By a node_exporter that is scraped in the ordinary way."""
    exporter = stack(NodeExporter(directory / "exporter"))
    for labels, metrics in groups(now):
        (exporter.textfiles / f"{len(list(exporter.textfiles.iterdir()))}.prom").write_text(text_of(metrics, notation(labels)))
    return stack(Prometheus(directory / "prometheus", Prometheus.scraping([exporter.address], honor_labels=False)))


def scraped(directory, stack, now):
    gateway = stack(Gateway(directory / "gateway"))
    for labels, metrics in groups(now):
        job, *rest = labels.items()
        gateway.push(text_of(metrics), job[1], **dict(rest))
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
        fill = {"pushgateway": scraped, "textfile": exported, "remote-write": written}[request.param]
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


def with_variables(expr, job=".*", instance=".*", prefix="(job_|release_)"):
    for name, value in (("$job", job), ("$instance", instance), ("$__interval", "60s"), ("${prefix}", prefix)):
        expr = expr.replace(name, value)
    assert "$" not in expr.replace('"$1"', "")
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
    expected = {"Failing": 2, "Interrupted": 1, "Out of memory": 1, "Overdue": 2, "Never succeeded": 1, "Running": 1}
    if mode == "pushgateway":
        expected["Failed pushes"] = 1
    if mode != "remote-write":
        expected["Jobs"] = 6
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


def pushed_labels(mode, labels):
    """Those of the group, of what Prometheus has stored."""
    if mode != "textfile":
        return labels
    kept = {name: value for name, value in labels.items() if name not in ("job", "instance")}
    return {name.removeprefix("exported_"): value for name, value in kept.items()}


def table(mode, dashboard, prometheus, **variables):
    """{labels of a row: {title of a column: value}}, put together by Grafana's rules for merging."""
    rows = {}
    for panel, target in targets(dashboard, "State of every job"):
        _, organize = panel["transformations"]
        title = organize["options"]["renameByName"][f"Value #{target['refId']}"]
        for labels, value in answer(prometheus, target, **variables):
            rows.setdefault(frozenset(pushed_labels(mode, labels).items()), {})[title] = value
    return rows


def test_the_table_has_one_row_a_group_with_all_of_its_labels(pushmetrics, stored):
    mode, prometheus = stored
    rows = table(mode, dashboard_of(pushmetrics, "--source", mode), prometheus)
    release = RELEASE | {"metric_prefix": "release_"}
    of_groups = [frozenset(labels.items()) for labels in (GOOD, BAD, QUOTED, NEW, KILLED, release)]
    assert set(rows) == set(of_groups)
    good, bad, quoted, new, killed, late = (rows[labels] for labels in of_groups)
    assert (good["Last result"], good["Exit status"], good["Duration"]) == (1, 0, 60)
    assert (bad["Last result"], bad["Exit status"]) == (0, 3)
    assert (killed["Last result"], killed["OOM kills"]) == (2, 2)
    assert abs(good["Last success"] / 1000 - time.time()) < 600
    assert bad["Last success"] < bad["Last completion"]
    assert good["Next expected"] == good["Last completion"] - 60_000 + HOUR * 1000
    assert late["Next expected"] == late["Last completion"] + 60_000 - 2 * HOUR * 1000
    assert quoted["Running"] == 1
    assert bad["Failed in a row"] == 7 and "Failed in a row" not in good
    assert "Last success" not in new and "Next expected" not in new


def test_a_job_an_instance_and_a_prefix_can_be_chosen(pushmetrics, stored):
    mode, prometheus = stored
    dashboard = dashboard_of(pushmetrics, "--source", mode)

    def chosen(**variables):
        return {dict(labels)["job"] for labels in table(mode, dashboard, prometheus, **variables)}

    assert chosen(job="good|bad") == {"good", "bad"}
    assert chosen(prefix="release_") == {"release"}
    every = {"good", "bad", "new", "killed", QUOTED["job"], "release"}
    assert chosen(instance="db1") == (set() if mode == "textfile" else {"good", QUOTED["job"]})
    assert chosen(instance="127.*") == (every if mode == "textfile" else set())


def answer_of_variable(prometheus, variable):
    """The values that Grafana offers."""
    query = variable["query"]["query"]
    if query.startswith("query_result("):
        found = {labels["__name__"] for labels, _ in prometheus.query(query[len("query_result(") : -1])}
    else:
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        found = set(prometheus.api(f"label/{label}/values", **{"match[]": with_variables(selector)}))
    if "regex" not in variable:
        return found
    assert (variable["regex"][0], variable["regex"][-1]) == ("/", "/")
    return {match.group(1) for match in (re.search(variable["regex"][1:-1], name) for name in found) if match}


def test_the_choices_are_the_prefixes_jobs_and_instances_that_there_are(pushmetrics, stored):
    mode, prometheus = stored
    _, *queries = dashboard_of(pushmetrics, "--source", mode)["templating"]["list"]
    choices = {variable["name"]: answer_of_variable(prometheus, variable) for variable in queries}
    assert choices["prefix"] == {"job_", "release_"}
    assert choices["job"] == {"good", "bad", "new", "killed", "release", QUOTED["job"]}
    if mode == "textfile":
        (machine,) = choices["instance"]
        assert machine.startswith("127.0.0.1:")
    else:
        assert choices["instance"] == {"db1"}


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
    assert variables == {"datasource", "prefix", "job", "instance"}
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard))) <= variables | {"__interval", "__all", "1"}
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
    options = [[], ["--source", "remote-write"], ["--source", "textfile"], ["--prefix", "backup_"], ["--prefix", "x" * 60]]
    uids = [dashboard_of(pushmetrics, *more)["uid"] for more in options]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid) for uid in uids)


def test_one_prefix_is_not_a_choice(pushmetrics):
    dashboard = dashboard_of(pushmetrics, "--prefix", "backup_")
    text = json.dumps(dashboard)
    assert "backup_success" in text and "job_" not in text and "metric_prefix" not in text
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "job", "instance"]


@pytest.mark.parametrize("more", [[], ["--prefix", "ns:backup_", "--source", "textfile"]])
def test_a_configmap_holds_the_dashboard(pushmetrics, more):
    result = pushmetrics("dashboard", "--format", "configmap", *more)
    assert (result.status, result.stderr) == (0, "")
    found = yaml.safe_load(result.stdout)
    assert (found["apiVersion"], found["kind"]) == ("v1", "ConfigMap")
    assert found["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", found["metadata"]["name"])
    ((name, text),) = found["data"].items()
    assert name.endswith(".json") and json.loads(text) == dashboard_of(pushmetrics, *more)


@pytest.mark.parametrize("options", [["--prefix", "a-b"], ["--format", "x"], ["--source", "x"], ["--lookback", "1d"], ["operand"]])
def test_options_that_make_no_sense_are_refused(pushmetrics, options):
    result = pushmetrics("dashboard", *options)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("pushmetrics: ") and len(result.messages) == 1
