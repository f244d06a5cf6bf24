"""`rules`: each alert, as Prometheus' own rule tester sees it, fires when it should and only then."""

import itertools
import json
import re
import subprocess

import pytest
import yaml

PLAIN = "backup"
# A quote, a backslash, an apostrophe, newlines (YAML's too), a control character, UTF-8 and a template.
QUOTED = 'a "b" \\c \'d\'\n\u2028\x07 é😀 {{ $x }} #: -'
MODES = ["pushgateway", "textfile", "remote-write"]
LABELS = [{}, {"instance": "db1"}, {"instance": "db1", "environment": "production", "app": 'q"\\'}]
TWIN = {"environment": "staging"}


@pytest.fixture
def rules(pushmetrics):
    """The rules that it prints with these options."""

    def rules(*options):
        result = pushmetrics("rules", *options)
        assert (result.status, result.stderr) == (0, "")
        return result.stdout

    return rules


# A job's history is a list of pushes, (minute, {metric: value}). A scraped gateway shows the newest value of
# each metric for ever; remote write brings a sample once.


def run(at, status=0, duration=60, **more):
    metrics = {
        "job_exit_code": status,
        "job_success": int(status == 0),
        "job_duration_seconds": duration,
        "job_start_timestamp_seconds": at * 60 - duration,
        "job_last_completion_timestamp_seconds": at * 60,
    }
    if status == 0:
        metrics["job_last_success_timestamp_seconds"] = at * 60
    return at, metrics | {f"job_{name}": value for name, value in more.items()}


def interrupted(at, **more):
    """What is reported of a run that nobody saw end."""
    return at, {"job_interrupted": 1, "job_success": 0, "job_start_timestamp_seconds": at * 60} | {
        f"job_{name}": value for name, value in more.items()
    }


def scheduled(at, due, grace=15, **more):
    return run(at, next_run_timestamp_seconds=due * 60, schedule_grace_seconds=grace * 60, **more)


def beat(at, start):
    return at, {
        "job_running": 1,
        "job_start_timestamp_seconds": start * 60,
        "job_heartbeat_timestamp_seconds": at * 60,
    }


def gateway(at, pushed, failed):
    return at, {"push_time_seconds": pushed * 60, "push_failure_time_seconds": failed * 60}


HOUR = 3600
HOURLY = [run(60 * i, duration=60 + i % 3) for i in range(6)]
BRIEF = [run(60 * i, duration=1) for i in range(6)]

# alert: [(what the history is, pushes, minute of the look, severities of this alert that fire then)]
CASES = {
    "JobFailed": [
        ("a failure", [run(0, status=3)], 10, ["warning"]),
        ("a failure after a success", [run(0), run(20, status=1)], 25, ["warning"]),
        ("a failure long ago", [run(0, status=3)], 600, ["warning"]),
        ("death by a signal", [run(0, status=137)], 10, ["warning"]),
        ("a success", [run(0)], 10, []),
        ("a success after a failure", [run(0, status=3), run(20)], 25, []),
        ("a first run that goes on", [beat(0, 0)], 5, []),
        ("an exit status that counts as success", [run(0), run(5, status=24, success=1)], 10, []),
        ("a time-out, which has an alert of its own", [run(0, status=124, timed_out=1)], 10, []),
        ("an exit status 124 of its own", [run(0, status=124, timed_out=0)], 10, ["warning"]),
        ("a failure, with a time-out before", [run(0, status=124, timed_out=1), run(5, status=3)], 10, ["warning"]),
        ("an interruption", [run(0, status=3, interrupted=0), interrupted(5)], 10, []),
        ("a failure after an interruption", [interrupted(0), run(5, status=3, interrupted=0)], 10, ["warning"]),
    ],
    "JobInterrupted": [
        ("an interruption", [run(0, interrupted=0), interrupted(5)], 10, ["warning"]),
        ("an interruption of the first run", [interrupted(0)], 10, ["warning"]),
        ("a success since", [interrupted(0), run(5, interrupted=0)], 10, []),
        ("a failure", [run(0, status=137, interrupted=0)], 10, []),
    ],
    "JobOutOfMemory": [
        ("a kill", [run(0, status=137, oom_kills=1)], 10, ["warning"]),
        ("kills in a run that was interrupted", [interrupted(0, oom_kills=2)], 10, ["warning"]),
        ("a kill that the job survived", [run(0, oom_kills=1)], 10, ["warning"]),
        ("none", [run(0, status=137, oom_kills=0)], 10, []),
        ("a run without since", [run(0, status=137, oom_kills=1), run(5, oom_kills=0)], 10, []),
    ],
    "JobFailingRepeatedly": [
        ("three in a row", [run(0, status=1, consecutive_failures=3)], 10, ["critical"]),
        ("two in a row", [run(0, status=1, consecutive_failures=2)], 10, []),
        ("a success since", [run(0, status=1, consecutive_failures=5), run(5, consecutive_failures=0)], 10, []),
        ("nothing is counted", [run(i, status=1) for i in range(8)], 10, []),
    ],
    "JobTimedOut": [
        ("a time-out", [run(0, status=124, timed_out=1)], 10, ["warning"]),
        ("a failure within the time limit", [run(0, status=1, timed_out=0)], 10, []),
        ("a success within the time limit", [run(0, timed_out=0)], 10, []),
        ("a success without --timeout since", [run(0, status=124, timed_out=1), run(5)], 10, []),
    ],
    "JobOverdue": [
        ("in time", [run(0, expected_interval_seconds=HOUR)], 60, []),
        ("a little late", [run(0, expected_interval_seconds=HOUR)], 74, []),
        ("one run missed", [run(0, expected_interval_seconds=HOUR)], 85, ["warning"]),
        ("nearly two runs missed", [run(0, expected_interval_seconds=HOUR)], 134, ["warning"]),
        ("two runs missed", [run(0, expected_interval_seconds=HOUR)], 145, ["warning", "critical"]),
        (
            "failures only, in time",
            [run(0, expected_interval_seconds=HOUR)]
            + [run(60 * i, status=1, expected_interval_seconds=HOUR) for i in (1, 2)],
            145,
            ["warning", "critical"],
        ),
        ("back in time", [run(at, expected_interval_seconds=HOUR) for at in (0, 180)], 200, []),
        ("every minute", [run(i, duration=5, expected_interval_seconds=60) for i in range(31)], 31, []),
        ("no interval given", [run(0)], 300, []),
        ("in time, by the schedule", [scheduled(0, due=60)], 74, []),
        ("within the time that an alert is held", [scheduled(0, due=60)], 79, []),
        ("a scheduled run missed", [scheduled(0, due=60)], 82, ["warning"]),
        ("nearly two scheduled runs missed", [scheduled(0, due=60)], 139, ["warning"]),
        ("two scheduled runs missed", [scheduled(0, due=60)], 142, ["warning", "critical"]),
        ("a weekend", [scheduled(0, due=240, expected_interval_seconds=HOUR)], 200, []),
        ("a failure in time", [scheduled(0, due=60), scheduled(60, due=120, status=1)], 100, []),
        ("back in time, by the schedule", [scheduled(0, due=60), scheduled(150, due=180)], 170, []),
    ],
    "JobStale": [
        ("old", [run(0)], 127, ["critical"]),
        ("old, with failures since", [run(0), run(60, status=1), run(120, status=1)], 127, ["critical"]),
        ("not so old", [run(0)], 119, []),
        ("renewed", [run(0), run(100)], 200, []),
        ("of a job with an interval of its own", [run(0, expected_interval_seconds=24 * HOUR)], 300, []),
    ],
    "JobNeverSucceeded": [
        ("failures only", [run(0, status=1), run(30, status=1)], 65, ["critical"]),
        ("failures for a short time only", [run(0, status=1), run(30, status=1)], 55, []),
        ("a success before the failures", [run(0), run(30, status=1), run(60, status=1)], 180, []),
        ("a success in the end", [run(0, status=1), run(30, status=1), run(90)], 100, []),
        ("a first run that goes on", [beat(i, 0) for i in range(0, 120, 5)], 120, []),
        ("interruptions only", [interrupted(0), interrupted(30)], 65, ["critical"]),
        ("an interruption after a success", [run(0), interrupted(30)], 120, []),
    ],
    "JobHung": [
        ("silence", [beat(i, 0) for i in range(0, 21, 5)], 37, ["warning"]),
        ("silence in a second run", [run(0)] + [beat(i, 60) for i in range(60, 81, 5)], 97, ["warning"]),
        ("silence, but not for long", [beat(i, 0) for i in range(0, 21, 5)], 34, []),
        ("heartbeats", [beat(i, 0) for i in range(0, 61, 5)], 62, []),
        ("heartbeats until the end", [beat(0, 0), beat(5, 0), run(8, running=0)], 60, []),
        ("a start that was told, without --heartbeat", [beat(0, 0)], 300, []),
    ],
    "JobSlow": [
        ("ten times the usual", [*HOURLY, run(360, duration=600)], 370, ["warning"]),
        ("running for ten times the usual", [*HOURLY, beat(360, 360), beat(370, 360)], 371, ["warning"]),
        ("as usual", [*HOURLY, run(360)], 370, []),
        ("twice the usual", [*HOURLY, run(360, duration=120)], 370, []),
        ("ten times the usual, which is short", [*BRIEF, run(360, duration=10)], 370, []),
        ("too few runs to call anything usual", [run(0), run(120), run(180, duration=600)], 190, []),
        ("a failure after a long time", [*HOURLY, run(360, status=1, duration=600)], 370, []),
        ("slow once, then as usual", [*HOURLY, run(360, duration=600), run(400)], 410, []),
        ("running for the usual time", [*HOURLY, beat(360, 360)], 361, []),
        ("always slow", [run(60 * i, duration=1800) for i in range(6)], 310, []),
    ],
    "PushFailed": [
        ("refused", [gateway(0, 0, 0), gateway(5, 1, 5)], 10, ["warning"]),
        ("refused from the first", [gateway(0, 0, 5)], 10, ["warning"]),
        ("accepted", [gateway(5, 5, 0)], 10, []),
        ("accepted in the end", [gateway(5, 1, 5), gateway(8, 8, 5)], 10, []),
    ],
}


def stored_labels(mode, labels):
    """What a group's labels become in Prometheus; node_exporter is scraped without honor_labels, as usual."""
    if mode != "textfile":
        return labels
    exported = {f"exported_{name}" if name in ("job", "instance") else name: value for name, value in labels.items()}
    return {"job": "node", "instance": "host:9100"} | exported


def series(mode, labels, pushes, end, step):
    """What Prometheus stores, as promtool's tests note it."""
    found = {}
    for at, metrics in pushes:
        for name, value in metrics.items():
            found.setdefault(name, {})[-(-at // step)] = value
    notes = []
    for name, values in found.items():
        points, last = [], "_"
        for i in range(end // step + 1):
            point = values.get(i, "_" if mode == "remote-write" else last)
            points.append(str(point))
            last = point
        notes.append({"series": name + selector(stored_labels(mode, labels)), "values": " ".join(points)})
    return notes


def selector(labels):
    matchers = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return "{" + ",".join(matchers) + "}"


def as_yaml(value):
    """JSON is YAML, but for its surrogates; and YAML has one more end of line."""
    return json.dumps(value, ensure_ascii=False).replace("\u2028", "\\u2028")


def promtool(tmp_path, text, tests, step=1):
    """Evaluates those rules of `text` that the tests name; the others would take most of the time."""
    named = json.dumps(tests)
    groups = yaml.safe_load(text)["groups"]
    for group in groups:
        group["rules"] = [rule for rule in group["rules"] if f'"{rule["alert"]}' in named.replace('\\"', '"')]
    (tmp_path / "rules.yml").write_text(as_yaml({"groups": groups}))
    test = {"rule_files": ["rules.yml"], "evaluation_interval": f"{step}m", "tests": tests}
    (tmp_path / "test.yml").write_text(as_yaml(test))
    return subprocess.run(
        ["promtool", "test", "rules", "test.yml"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


def firing(alert, minute, groups, severities):
    """A look at all states of one alert: these groups and severities fire, and no other."""
    state = {"alertname": alert, "alertstate": "firing"}
    return {
        "expr": "ALERTS" + selector(state),
        "eval_time": f"{minute}m",
        "exp_samples": [
            {
                "labels": "ALERTS" + selector(state | {"severity": severity} | labels),
                "value": 1,
            }
            for labels, severity in itertools.product(groups, severities)
        ],
    }


def case_test(alert, mode, selected, case, step=1):
    """Many groups with one history, of a job and of another, beside a twin that is well."""
    what, pushes, minute, severities = case
    groups = [{"job": job} | labels for job in (PLAIN, QUOTED) for labels in LABELS]
    twin = [run(0, expected_interval_seconds=30 * 24 * HOUR), gateway(0, 1, 0)]
    notes = [note for labels in groups for note in series(mode, labels, pushes, minute, step)]
    for job in (PLAIN, QUOTED):
        notes += series(mode, {"job": job} | TWIN, twin, minute, step)
    expected = [stored_labels(mode, labels) for labels in groups if selected in (None, labels["job"])]
    return {
        "name": what,
        "interval": f"{step}m",
        "input_series": notes,
        "promql_expr_test": [firing(alert, minute, expected, severities)],
    }


def options_for(mode, selected, *more):
    return ["--source", mode, "--max-age", "2h", *(["--job", selected] if selected else []), *more]


@pytest.mark.parametrize("selected", [None, QUOTED], ids=["all", "one"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("alert", CASES)
def test_an_alert_fires_when_it_should_and_only_then(tmp_path, alert, mode, selected, rules):
    if alert == "PushFailed" and mode != "pushgateway":
        assert alert not in rules(*options_for(mode, selected))
        return
    tests = [case_test(alert, mode, selected, case) for case in CASES[alert]]
    done = promtool(tmp_path, rules(*options_for(mode, selected)), tests)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("mode", MODES)
def test_the_grace_of_a_long_interval_is_six_hours(tmp_path, mode, rules):
    weekly = [run(0, expected_interval_seconds=7 * 24 * HOUR)]
    week = 7 * 24 * 60
    cases = [("five hours", weekly, week + 300, []), ("eight hours", weekly, week + 480, ["warning"])]
    tests = [case_test("JobOverdue", mode, None, case, step=60) for case in cases]
    done = promtool(tmp_path, rules("--source", mode), tests, step=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("job", [PLAIN, QUOTED], ids=["plain", "quoted"])
@pytest.mark.parametrize("mode", MODES)
def test_a_job_named_is_missed_before_it_has_ever_pushed(tmp_path, mode, job, rules):
    def look(pushes, minute, severities, pusher=job):
        return {
            "interval": "1m",
            "input_series": series(mode, {"job": pusher, "instance": "db1"}, pushes, minute, 1),
            "promql_expr_test": [firing("JobMissing", minute, [{"job": job}], severities)],
        }

    tests = [
        look([], 62, ["warning"]),
        look([run(0)], 62, ["warning"], pusher="another"),
        look([], 58, []),
        look([run(0)], 62, []),
        look([run(0, status=1)], 300, []),
    ]
    done = promtool(tmp_path, rules("--source", mode, "--job", job), tests)
    assert done.returncode == 0, done.stdout
    assert "JobMissing" not in rules("--source", mode)


def test_options_move_the_limits(tmp_path, rules):
    silent = [beat(i, 0) for i in range(0, 21, 5)]
    tests = [
        case_test("JobHung", "pushgateway", None, ("as told", silent, 27, ["warning"])),
        case_test("JobStale", "pushgateway", None, ("as told", [run(0)], 36, ["critical"])),
    ]
    done = promtool(tmp_path, rules("--max-silence", "5m", "--max-age", "30m"), tests)
    assert done.returncode == 0, done.stdout


def test_what_was_written_before_the_lookback_is_forgotten(tmp_path, rules):
    failure = [run(0, status=3)]
    cases = [("within", failure, 110, ["warning"]), ("before", failure, 130, [])]
    tests = [case_test("JobFailed", "remote-write", None, case) for case in cases]
    done = promtool(tmp_path, rules("--source", "remote-write", "--lookback", "2h"), tests)
    assert done.returncode == 0, done.stdout


def test_the_prefix_is_that_of_the_metrics(tmp_path, rules):
    text = rules("--prefix", "backup_", "--max-age", "1d")
    assert not re.search(r"\bjob_|__name__=", text)
    at, metrics = run(0, status=3)
    metrics = {name.replace("job_", "backup_"): value for name, value in metrics.items()}
    case = ("a failure", [(at, metrics)], 10, ["warning"])
    done = promtool(tmp_path, text, [case_test("JobFailed", "pushgateway", None, case)])
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("mode", MODES)
def test_the_jobs_of_every_prefix_are_found_and_kept_apart(tmp_path, mode, rules):
    """Beside metrics of others that end in the same way, in the same group."""

    def renamed(prefix, pushes):
        return [(at, {name.replace("job_", prefix, 1): value for name, value in metrics.items()}) for at, metrics in pushes]

    def look(alert, job, minute, *labels):
        expected = [stored_labels(mode, {"job": job}) | more for more in labels]
        return firing(alert, minute, expected, ["warning"])

    foreign = [(0, {"rows_success": 0, "http_exit_code": 5, "a_duration_seconds": 1, "b_duration_seconds": 2})]
    overdue = [run(0, expected_interval_seconds=HOUR)]
    histories = {
        "deployment": renamed("deployment_", [run(0, status=3)]),
        "two": [run(0, status=3)] + renamed("ns:two_", [run(0)]) + foreign,
        "late": renamed("late_", overdue) + [run(0, expected_interval_seconds=24 * HOUR)] + foreign,
        "slow": renamed("slow_", [*HOURLY, run(360, duration=600)]) + HOURLY,
    }
    notes = []
    for job, history in histories.items():
        merged = {}
        for at, metrics in history:
            merged.setdefault(at, {}).update(metrics)
        notes += series(mode, {"job": job}, sorted(merged.items()), 370, 1)
    failed = [
        stored_labels(mode, {"job": "deployment"}) | {"metric_prefix": "deployment_"},
        stored_labels(mode, {"job": "two"}),
    ]
    test = {
        "interval": "1m",
        "input_series": notes,
        "promql_expr_test": [
            firing("JobFailed", 85, failed, ["warning"]),
            look("JobOverdue", "late", 85, {"metric_prefix": "late_"}),
            look("JobSlow", "slow", 370, {"metric_prefix": "slow_"}),
        ],
    }
    done = promtool(tmp_path, rules("--source", mode), [test])
    assert done.returncode == 0, done.stdout


def test_a_textfile_that_is_scraped_with_honor_labels_is_read_as_well(tmp_path, rules):
    case = ("a failure", [run(0, status=3)], 10, ["warning"])
    for selected in (None, QUOTED):
        test = case_test("JobFailed", "pushgateway", selected, case)
        done = promtool(tmp_path, rules(*options_for("textfile", selected)), [test])
        assert done.returncode == 0, done.stdout


def test_the_number_of_failures_in_a_row_is_an_option(tmp_path, rules):
    cases = [
        (f"{count} failures", [run(0, status=1, consecutive_failures=count)], 5, severities)
        for count, severities in ((4, []), (5, ["critical"]))
    ]
    tests = [case_test("JobFailingRepeatedly", "pushgateway", None, case) for case in cases]
    done = promtool(tmp_path, rules("--failures", "5"), tests)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("more", [[], ["--job", QUOTED, "--prefix", "ns:backup_", "--max-age", "2h"], ["--job", "x" * 80]])
def test_the_operators_format_has_the_same_groups(more, rules):
    found = yaml.safe_load(rules("--format", "operator", *more))
    assert (found["apiVersion"], found["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert set(found) == {"apiVersion", "kind", "metadata", "spec"}
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", found["metadata"]["name"])
    assert found["spec"] == yaml.safe_load(rules("--format", "prometheus", *more)) == yaml.safe_load(rules(*more))


def annotations(tmp_path, text, alert, labels, case, mode="pushgateway"):
    """What a person on call reads: promtool tells it when it is not what a test expects."""
    _, pushes, minute, severities = case
    test = {
        "interval": "1m",
        "input_series": series(mode, labels, pushes, minute, 1),
        "alert_rule_test": [
            {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": [{"exp_labels": {"not": "there"}}]}
        ],
    }
    output = promtool(tmp_path, text, [test]).stdout
    got = output[output.index("got:") :]
    return re.findall(r"Annotations:\{description=(.*), summary=(.*)\}", got)


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_says_which_job_what_happened_and_what_to_do(tmp_path, alert, rules):
    labels = {"job": PLAIN, "instance": "db1", "environment": "production"}
    for case in CASES[alert]:
        if not case[3]:
            continue
        texts = annotations(tmp_path, rules("--max-age", "2h"), alert, labels, case)
        assert len(texts) == len(case[3])
        for description, summary in texts:
            assert summary.startswith('"Job backup, environment production, instance db1 ')
            assert "__name__" not in summary and "severity" not in summary
            assert len(description) > 80
            for wrong in ("error", "<no value>", "%!", "{{", "e+"):
                assert wrong not in summary + description.replace("standard error", "")


def test_the_text_of_a_failure_names_its_exit_status(tmp_path, rules):
    killed = ("", [run(0, status=137)], 5, ["warning"])
    ((description, summary),) = annotations(tmp_path, rules(), "JobFailed", {"job": QUOTED}, killed)
    assert json.loads(summary.replace("\\a", "\\u0007")) == f"Job {QUOTED} failed with exit status 137"
    assert "ran out of memory" in description


def test_the_text_names_the_job_and_not_that_of_the_scrape(tmp_path, rules):
    failure = ("", [run(0, status=3)], 5, ["warning"])
    labels = {"job": PLAIN, "environment": "production"}
    ((_, summary),) = annotations(tmp_path, rules("--source", "textfile"), "JobFailed", labels, failure, "textfile")
    assert json.loads(summary) == "Job backup, environment production, instance host:9100 failed with exit status 3"


def test_the_labels_that_vmalert_adds_are_not_in_the_text(rules):
    """Of its $labels, that is: alertname, alertgroup and severity."""
    for group in yaml.safe_load(rules())["groups"]:
        for rule in group["rules"]:
            left_out = re.search(r"not \(eq \$name ([^)]*)\)", rule["annotations"]["summary"]).group(1)
            assert {'"alertname"', '"alertgroup"', '"severity"'} <= set(left_out.split())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("more", [[], ["--max-age", "36h"], ["--prefix", "ns:backup_"], ["--job", QUOTED]])
def test_promtool_finds_nothing_to_say(tmp_path, mode, more, rules):
    (tmp_path / "rules.yml").write_text(rules("--source", mode, *more))
    check = ["promtool", "check", "rules", "--lint-fatal", "rules.yml"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--job", b"\xff"],
        ["--job", ""],
        ["operand"],
        ["--prefix", "1st_"],
        ["--prefix", "a-b"],
        ["--source", "carrier-pigeon"],
        ["--max-age", "0"],
        ["--max-age", "soon"],
        ["--max-silence", "0s"],
        ["--failures", "0"],
        ["--failures", "many"],
        ["--format", "yaml"],
        ["--lookback", "7d"],
        ["--source", "remote-write", "--lookback", "0"],
        ["--source", "remote-write", "--lookback", "7d", "--max-age", "7d"],
    ],
)
def test_options_that_make_no_sense_are_refused(pushmetrics, options):
    result = pushmetrics("rules", *options)
    assert result.status == 2
    assert result.stdout == ""
    assert result.stderr.startswith("pushmetrics: ") and len(result.messages) == 1


def test_the_job_of_pushes_does_not_narrow_the_rules(pushmetrics, rules):
    assert pushmetrics("rules", env={"PUSHMETRICS_JOB": "backup"}).stdout == rules()
