"""The grouping key of a run is stored exactly as it was given, and the gateway comes to no harm by it."""

import os
import socket

import pytest

from support.jobs import sh

VALUES = {
    "slash": "a/b",
    "only slash": "/",
    "slashes": "//x//",
    "spaces": " a  b ",
    "empty": "",
    "dot": ".",
    "dots": "..",
    "path": "../../etc",
    "percent": "100%",
    "percent escape": "%2F%00",
    "plus": "a+b",
    "question": "a?b#c&d=e",
    "equals": "=",
    "quotes": "\"'`",
    "backslash": "\\n\\",
    "newline": "a\nb",
    "tab": "\t",
    "control": "\x01\x7f",
    "german": "Größe",
    "japanese": "バックアップ",
    "emoji": "🙂",
    "combining": "e\u0301",
    "base64 suffix": "x@base64",
    "semicolon": "a;b,c:d",
    "brackets": "{[(*)]}",
    "long": "x" * 2000,
}


@pytest.mark.parametrize("what", VALUES)
def test_a_labels_value_is_stored_exactly(run, gateway, what):
    value = VALUES[what]
    result = run("-j", f"value {what}", "-l", f"value={value}", "--", "true")
    assert (result.status, result.stderr) == (0, "")
    assert gateway.group(f"value {what}", value=value).values["job_success"] == 1


@pytest.mark.parametrize("what", [what for what in VALUES if VALUES[what]])
def test_a_jobs_name_is_stored_exactly(run, gateway, what):
    name = VALUES[what]
    result = run("-j", name, "-l", "as=job", "--", "true")
    assert (result.status, result.stderr) == (0, "")
    assert gateway.group(name, **{"as": "job"}).values["job_success"] == 1


def test_several_labels_make_one_group(run, gateway):
    labels = ["-l", "environment=production", "--label", "app=my/app", "-l", "empty="]
    assert run("-j", "deployment", "-i", "host:1", *labels, "--", "true").status == 0
    assert gateway.find("deployment", environment="production", app="my/app", empty="", instance="host:1")


def test_the_job_is_the_commands_base_name_by_default(run, gateway, tmp_path):
    command = tmp_path / "nightly backup.sh"
    command.write_text("#!/bin/sh\nexit 0\n")
    command.chmod(0o755)
    assert run("--", str(command), "argument").status == 0
    assert gateway.group("nightly backup.sh").values["job_success"] == 1
    assert run("-l", "default=job", "--", "true").status == 0
    assert gateway.find("true", default="job")


def test_there_is_no_instance_by_default(run, gateway):
    run("-j", "no-instance", "--", "true")
    assert gateway.group("no-instance").labels == {"job": "no-instance"}


def test_i_gives_the_instance(run, gateway):
    for option in ("-i", "--instance"):
        assert run("-j", "instance", option, f"a/b {option}", "--", "true").status == 0
        assert gateway.find("instance", instance=f"a/b {option}")


def test_instance_hostname_is_this_machines_name(run, gateway):
    assert run("-j", "hostname", "--instance-hostname", "--", "true").status == 0
    assert gateway.find("hostname", instance=socket.gethostname())


@pytest.mark.parametrize("option", [["-i", ""], ["--instance="], ["-l", "instance="]])
def test_an_empty_instance_is_never_sent(run, gateway, option):
    run("-j", "empty-instance", "--", "true")
    result = run("-j", "empty-instance", *option, "--", *sh("exit 3"))
    # Refused as a mistake, or left out: either way the gateway is as well as before.
    assert result.status in (3, 125)
    gateway.scrape()
    assert run("-j", "after-empty-instance", "--", "true").stderr == ""
    assert gateway.find("after-empty-instance")


def test_an_empty_instance_in_the_environment_keeps_no_job_from_running(run, gateway):
    result = run("-j", "empty-environment", "--", *sh("exit 3"), env={"PUSHMETRICS_INSTANCE": ""})
    assert result.status == 3
    assert gateway.group("empty-environment").labels == {"job": "empty-environment"}


@pytest.mark.parametrize(
    "option", [["-j", b"a\xff"], ["-i", b"\xc3("], ["-l", b"value=\xed\xa0\x80"], ["-l", b"value=\xf4\x90\x80\x80"]]
)
def test_a_value_that_is_not_utf_8_is_refused_before_anything_is_run(run, gateway, tmp_path, option):
    result = run(*option, "--", "touch", str(tmp_path / "was-run"))
    assert result.status == 125
    assert not (tmp_path / "was-run").exists()
    assert len([line for line in result.stderr_lines if not line.startswith("hint: ")]) == 1
    assert "UTF-8" in result.stderr
    gateway.scrape()


def test_a_command_whose_name_is_not_utf_8_is_run_all_the_same(run, gateway, tmp_path):
    command = bytes(tmp_path) + b"/job-\xff"
    with open(command, "w") as script:
        script.write("#!/bin/sh\nexit 5\n")
    os.chmod(command, 0o755)
    result = run("--", command)
    assert result.status == 5
    gateway.scrape()
    assert any("job-" in group.labels["job"] for group in gateway.groups())


@pytest.mark.parametrize(
    "label",
    [
        "run_id=7",
        "pod=web-5d4f8",
        "value=3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "value=da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ],
)
def test_a_label_that_looks_unbounded_is_warned_of_once(run, gateway, label):
    name, value = label.split("=")
    result = run("-j", "unbounded", "-l", label, "--", "true")
    assert result.status == 0
    assert len([line for line in result.stderr_lines if not line.startswith("hint: ")]) == 1
    assert result.stderr.startswith("pushmetrics: ")
    assert name in result.stderr and "--allow-high-cardinality" in result.stderr
    assert gateway.find("unbounded", **{name: value})
    for silent in ("--quiet", "-q", "--allow-high-cardinality"):
        assert run(silent, "-j", "unbounded", "-l", label, "--", "true").stderr == ""


def test_an_ordinary_label_is_not_warned_of(run):
    labels = ["-l", "environment=production", "-l", "region=eu-west-1", "-l", "version=1.2.3", "-l", "build=release"]
    assert run("-j", "ordinary", *labels, "--", "true").stderr == ""


def test_labels_come_from_the_environment_too(run, gateway):
    environment = {"PUSHMETRICS_JOB": "named", "PUSHMETRICS_INSTANCE": "box", "PUSHMETRICS_LABELS": "a=b,c=d e"}
    assert run("--", "true", env=environment).status == 0
    assert gateway.find("named", instance="box", a="b", c="d e")
