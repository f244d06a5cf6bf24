"""What a person receives of a job that fails: `run`, a Pushgateway, Prometheus with the rules, Alertmanager, a mail."""

import re

import pytest
import yaml

from support.alerting import Alertmanager, Mailbox
from support.servers import Prometheus, wait_until

ODD = 'nightly "dump"\\1 é'


@pytest.fixture
def mailbox():
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def alertmanager(mailbox, tmp_path):
    with Alertmanager(tmp_path / "alertmanager", mailbox) as server:
        yield server


@pytest.fixture
def rules(pushmetrics):
    result = pushmetrics("rules")
    assert (result.status, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture
def prometheus(gateway, alertmanager, rules, tmp_path):
    directory = tmp_path / "prometheus"
    directory.mkdir()
    (directory / "rules.yml").write_text(rules)
    config = (
        Prometheus.scraping([gateway.address], interval="500ms")
        + "rule_files: [rules.yml]\n"
        + f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager.address}']}}]}}]}}\n"
    )
    with Prometheus(directory, config) as server:
        yield server


def test_a_mail_tells_of_the_failure_and_another_of_the_next_success(prometheus, alertmanager, mailbox, run):
    job = ("-j", "backup", "-i", "db1", "-l", "environment=production")
    assert run(*job, "--", "sh", "-c", "exit 3").status == 3
    assert run("-j", "good", "--", "true").status == 0

    (failure,) = mailbox.wait_for(1)
    assert failure.subject == "[FIRING:1] JobFailed backup (production db1 warning)"
    summary, description = failure.text.splitlines()
    assert summary == "Job backup, environment production, instance db1 failed with exit status 3"
    assert description.startswith("Its last run did not succeed")
    assert not re.search(r"\{\{|\}\}|<no value>|%!", failure.text), "an unexpanded template"
    (alert,) = alertmanager.amtool("alert", "query", "--output=simple").splitlines()[1:]
    assert alert.startswith("JobFailed ") and summary in alert and "active" in alert

    assert run(*job, "--", "true").status == 0
    _, success = mailbox.wait_for(2)
    assert success.subject == "[RESOLVED] JobFailed backup (production db1 warning)"
    assert success.text.splitlines()[0] == summary
    wait_until(lambda: alertmanager.amtool("alert", "query", "--output=simple").splitlines()[1:] == [])


def test_a_job_of_any_name_is_named_in_the_mail_as_it_is(prometheus, mailbox, run):
    assert run("-j", ODD, "--", "sh", "-c", "kill -KILL $$").status == -9
    (mail,) = mailbox.wait_for(1)
    assert mail.subject == f"[FIRING:1] JobFailed {ODD} (warning)"
    assert mail.text.splitlines()[0] == f"Job {ODD} failed with exit status 137"
    assert "killed" in mail.text


def test_of_a_job_two_runs_late_only_the_critical_alert_is_mailed(alertmanager, mailbox, rules):
    """As the rules recommend it to whoever configures Alertmanager."""
    groups = yaml.safe_load(rules)["groups"]
    overdue = [rule["labels"] for group in groups for rule in group["rules"] if rule["alert"] == "JobOverdue"]
    assert sorted(labels["severity"] for labels in overdue) == ["critical", "warning"]
    for labels in overdue:
        pairs = [f"{name}={value}" for name, value in labels.items()]
        alertmanager.amtool("alert", "add", "alertname=JobOverdue", "job=backup", *pairs)
    (mail,) = mailbox.wait_for(1)
    assert mail.subject == "[FIRING:1] JobOverdue backup (critical)"
    active = alertmanager.amtool("alert", "query", "--active", "--output=extended").splitlines()[1:]
    assert len(active) == 1 and 'severity="critical"' in active[0]
