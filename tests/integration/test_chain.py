"""The whole chain: a job, `run`, a Pushgateway, Prometheus that scrapes it and has the rules, an alert."""

import contextlib
import os
import signal

import pytest

from support.program import finish, kill_session
from support.servers import NodeExporter, Prometheus, wait_until

ODD = 'nightly "dump"\\1'


@pytest.fixture
def watched(pushmetrics, gateway, tmp_path):
    """A Prometheus that scrapes the gateway every second and has the rules printed with these options."""
    with contextlib.ExitStack() as servers:

        def watched(*options):
            gateway.wipe()
            result = pushmetrics("rules", *options)
            assert (result.status, result.stderr) == (0, "")
            directory = tmp_path / "prometheus"
            directory.mkdir()
            (directory / "rules.yml").write_text(result.stdout)
            config = Prometheus.scraping([gateway.address], interval="1s") + "rule_files: [rules.yml]\n"
            return servers.enter_context(Prometheus(directory, config))

        yield watched


def firing(prometheus):
    """{(alert, job): the alert}"""
    alerts = [alert for alert in prometheus.alerts() if alert["state"] == "firing"]
    found = {(alert["labels"]["alertname"], alert["labels"]["job"]): alert for alert in alerts}
    assert len(found) == len(alerts)
    return found


def wait_for_alerts(prometheus, expected):
    wait_until(lambda: set(firing(prometheus)) == expected, 20, f"{expected} fire, and nothing else", 0.2)
    return firing(prometheus)


def wait_for_scrape(prometheus, jobs):
    """Until what these jobs pushed last was scraped, and the rules have seen it."""

    def completions():
        return prometheus.query("job_last_completion_timestamp_seconds")

    wait_until(lambda: jobs <= {labels["job"] for labels, _ in completions()}, 20, f"{jobs} are scraped", 0.2)


def run_jobs(run):
    """Of each ending one."""
    assert run("-j", "good", "-l", "environment=production", "--", "true").status == 0
    failing = run("-j", "bad", "-i", "db1", "-l", "environment=production", "--", "sh", "-c", "exit 3")
    assert failing.status == 3
    assert run("-j", ODD, "--", "sh", "-c", "kill -KILL $$").status == -9
    assert run("-j", "late", "--timeout", "200ms", "--", "sleep", "60").status == 124
    assert run("-j", "release", "--prefix", "deployment_", "--", "false").status == 1


def test_an_alert_fires_for_the_job_that_failed_and_not_for_the_good_one(watched, gateway, run):
    prometheus = watched()
    run_jobs(run)
    wait_for_scrape(prometheus, {"good", "bad", ODD, "late"})
    failed = {("JobFailed", job) for job in ("bad", ODD, "release")}
    alerts = wait_for_alerts(prometheus, failed | {("JobTimedOut", "late")})

    bad = alerts["JobFailed", "bad"]
    own = {"job": "bad", "instance": "db1", "environment": "production"}
    assert bad["labels"] == own | {"alertname": "JobFailed", "severity": "warning"}
    summary = "Job bad, environment production, instance db1 failed with exit status 3"
    assert bad["annotations"]["summary"] == summary
    assert alerts["JobFailed", "release"]["labels"]["metric_prefix"] == "deployment_"
    assert alerts["JobFailed", ODD]["annotations"]["summary"] == f"Job {ODD} failed with exit status 137"

    rules = [rule for group in prometheus.api("rules")["groups"] for rule in group["rules"]]
    assert rules and not [rule for rule in rules if rule["health"] == "err"]
    (series,) = prometheus.query('ALERTS{alertstate="firing",alertname="JobFailed",job="bad"}')
    assert series[1] == 1


def test_an_alert_ends_with_the_next_success(watched, run):
    prometheus = watched()
    assert run("-j", "bad", "--", "false").status == 1
    wait_for_alerts(prometheus, {("JobFailed", "bad")})
    assert run("-j", "bad", "--", "true").status == 0
    wait_for_alerts(prometheus, set())


def test_the_rules_for_one_job_leave_the_others_alone(watched, run):
    prometheus = watched("--job", ODD)
    run_jobs(run)
    wait_for_scrape(prometheus, {"good", "bad", ODD, "late"})
    wait_for_alerts(prometheus, {("JobFailed", ODD)})


def test_a_push_that_the_gateway_refuses_is_told_of(watched, gateway, run):
    prometheus = watched()
    assert run("-j", "good", "--", "true").status == 0
    refused = gateway.request("POST", "/metrics/job/other", b"# TYPE job_success counter\njob_success 1\n")
    assert refused.status == 400
    wait_for_alerts(prometheus, {("PushFailed", "other")})


def test_an_alert_fires_for_the_run_that_was_killed_and_not_for_the_one_that_goes_on(
    watched, gateway, pushmetrics, run
):
    prometheus = watched("--max-silence", "2s")
    run_options = ("run", "--url", gateway.url, "--heartbeat", "100ms")
    with contextlib.ExitStack() as ends:

        def start(job):
            process = pushmetrics.spawn(*run_options, "-j", job, "--", "sleep", "60")
            ends.callback(finish, process)
            ends.callback(kill_session, process.pid)

            def has_told_of_itself():
                values = gateway.find(job)
                return values and (
                    values["job_heartbeat_timestamp_seconds"].value - values["job_start_timestamp_seconds"].value > 1
                )

            wait_until(has_told_of_itself, 10, f"{job} has a heartbeat", 0.05)
            return process

        start("lively")
        os.kill(start("gone").pid, signal.SIGKILL)
        alert = wait_for_alerts(prometheus, {("JobHung", "gone")})["JobHung", "gone"]
        assert alert["annotations"]["summary"] == "Job gone hangs or is gone"

        assert run("-j", "gone", "--heartbeat", "100ms", "--", "true").status == 0
        wait_for_alerts(prometheus, set())


def test_an_alert_fires_for_what_was_written_to_prometheus_without_a_gateway(pushmetrics, tmp_path):
    rules = pushmetrics("rules", "--source", "remote-write")
    assert (rules.status, rules.stderr) == (0, "")
    (tmp_path / "rules.yml").write_text(rules.stdout)
    config = "global: {evaluation_interval: 500ms}\nrule_files: [rules.yml]\n"
    with Prometheus(tmp_path, config) as prometheus:
        run = ("run", "--url", f"remote-write+{prometheus.url}/api/v1/write")
        assert pushmetrics(*run, "-j", "good", "--", "true").status == 0
        assert pushmetrics(*run, "-j", "bad", "--", "sh", "-c", "exit 3").status == 3
        alert = wait_for_alerts(prometheus, {("JobFailed", "bad")})["JobFailed", "bad"]
        assert alert["annotations"]["summary"] == "Job bad failed with exit status 3"
        assert pushmetrics(*run, "-j", "bad", "--", "true").status == 0
        wait_for_alerts(prometheus, set())


def test_an_alert_names_the_job_of_a_textfile_whatever_the_scrape_calls_it(pushmetrics, tmp_path):
    rules = pushmetrics("rules", "--source", "textfile")
    (tmp_path / "rules.yml").write_text(rules.stdout)
    with NodeExporter(tmp_path / "exporter") as exporter:
        config = Prometheus.scraping([exporter.address], honor_labels=False) + "rule_files: [rules.yml]\n"
        run = ("run", "--url", f"textfile:{exporter.textfiles}", "-l", "environment=production")
        assert pushmetrics(*run, "-j", "good", "--", "true").status == 0
        assert pushmetrics(*run, "-j", "bad", "--", "sh", "-c", "exit 3").status == 3
        with Prometheus(tmp_path, config) as prometheus:
            alert = wait_for_alerts(prometheus, {("JobFailed", "pushed")})["JobFailed", "pushed"]
            assert alert["labels"]["exported_job"] == "bad"
            summary = f"Job bad, environment production, instance {exporter.address} failed with exit status 3"
            assert alert["annotations"]["summary"] == summary
