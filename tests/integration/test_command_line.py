"""What a person types wrongly leads on: the mistake is named in plain words, and a hint says what to type."""

import gzip
import json
import subprocess

import pytest

from support.group_work import put_group
from support.program import BINARY
from support.shells import COMPLETIONS
from support.terminal import run_on_terminal


def mistake(pushmetrics, *arguments, env=None, status=2):
    """The message and the hint of a call that ends with `status`."""
    result = pushmetrics(*arguments, env=env)
    assert (result.status, result.stdout) == (status, ""), result
    lines = result.stderr_lines
    assert lines[0].startswith("pushmetrics: "), lines
    hints = [line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")]
    return lines[0].removeprefix("pushmetrics: "), hints[0] if hints else ""


# ---- subcommands ----


@pytest.mark.parametrize(
    "arguments, message, hint",
    [
        (("rum", "--", "true"), "unknown subcommand 'rum'", "use 'pushmetrics run'"),
        (("pusg",), "unknown subcommand 'pusg'", "use 'pushmetrics push'"),
        (("dash",), "unknown subcommand 'dash'", "use 'pushmetrics dashboard'"),
        (("version",), "unknown subcommand 'version'", "use 'pushmetrics --version'"),
        (("help", "rum"), "unknown subcommand 'rum'", "use 'pushmetrics run'"),
        (("--job", "x", "run", "true"), "unknown option '--job'", "'pushmetrics run --job ...'"),
        (("./backup.sh",), "unknown subcommand './backup.sh'", "'pushmetrics run -- COMMAND'"),
        (("--version", "please"), "unexpected argument 'please'", "--json"),
        (("completion",), "'completion' needs one shell", "bash"),
        (("completion", "tcsh"), "there is no completion for 'tcsh'", "fish"),
    ],
)
def test_a_wrong_first_word_leads_on(pushmetrics, arguments, message, hint):
    told = mistake(pushmetrics, *arguments)
    assert message in told[0] and hint in told[1]


def test_help_of_a_subcommand_is_its_help(pushmetrics):
    assert pushmetrics("help", "run").stdout == pushmetrics("run", "--help").stdout != ""
    assert pushmetrics("help").stdout == pushmetrics("--help").stdout != ""


def test_help_is_the_manual_page_for_a_person_whose_man_has_it(pushmetrics, tmp_path):
    """The man of this test has the page of run only. The packages' tests have a real one."""
    (tmp_path / "man").write_text('#!/bin/sh\nfor page; do :; done\n[ "$page" = pushmetrics-run ] && echo "page: $*"\n')
    (tmp_path / "man").chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert run_on_terminal(pushmetrics, "help", "run", env=env) == (0, "page: pushmetrics-run\r\n")
    status, seen = run_on_terminal(pushmetrics, "help", "push", env=env)
    assert (status, seen.replace("\r\n", "\n")) == (0, pushmetrics("push", "--help").stdout)
    assert pushmetrics("help", "run", env=env).stdout == pushmetrics("run", "--help").stdout


def test_the_version_is_json_too(pushmetrics):
    version = json.loads(pushmetrics("--version", "--json").stdout)
    assert sorted(version) == ["commit", "libraries", "version"]
    first = pushmetrics("--version").stdout.splitlines()[0]
    assert first == f"pushmetrics {version['version']} (commit {version['commit']})"
    assert any(library.startswith("libcurl/") for library in version["libraries"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("delete", "-j", "none"),
        ("prune", "--older-than", "1d", "--dry-run"),
        ("wipe", "--yes"),
        ("doctor",),
        ("check", "/dev/null"),
    ],
)
def test_every_json_document_begins_with_its_version(pushmetrics, tmp_path, arguments):
    subcommand, *operands = arguments
    target = () if subcommand == "check" else ("--url", f"textfile:{tmp_path}")
    document = json.loads(pushmetrics(subcommand, "--json", *target, *operands).stdout)
    assert next(iter(document.items())) == ("version", 1)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_is_the_installed_one(shell):
    done = subprocess.run([BINARY, "completion", shell], capture_output=True, timeout=20)
    assert done.stdout == (COMPLETIONS / f"pushmetrics.{shell}").read_bytes()


# ---- options ----


@pytest.mark.parametrize(
    "arguments, message, hint",
    [
        (("push", "--jobb", "x"), "unknown option '--jobb'", "use '--job'"),
        (("push", "--labels=a=b"), "unknown option '--labels'", "use '--label'"),
        (("push", "--job-name", "x"), "unknown option '--job-name'", "use '--job'"),
        (("push", "--pushgateway-url", "x"), "unknown option '--pushgateway-url'", "use '--url'"),
        (("push", "--frobnicate"), "unknown option '--frobnicate'", "see 'pushmetrics push --help'"),
        (("push", "--job"), "'--job' needs a value", "see 'pushmetrics push --help'"),
        (("push", "-qj"), "'-j' needs a value", ""),
        (("push", "--quiet=x"), "--quiet: it takes no value", ""),
        (("push", "--user", "bob:secret", "-j", "x"), "a user's name has no colon", "--password-file"),
        (("list", "--match", "job=~a.*"), "invalid condition 'job=~a.*'", "NAME=GLOB"),
        (("list", "--match", "job!~a.*"), "invalid condition 'job!~a.*'", "NAME=GLOB"),
        (("list", "--match", 'job="a"'), "invalid condition 'job=\"a\"'", "NAME=GLOB"),
        (("prune", "--older-than", "1h30"), "invalid duration '1h30'", ""),
    ],
)
def test_a_wrong_option_leads_on(pushmetrics, arguments, message, hint):
    told = mistake(pushmetrics, *arguments)
    assert message in told[0] and hint in told[1]
    assert "secret" not in "".join(told)


def test_under_run_the_job_is_not_run(pushmetrics, tmp_path):
    told = mistake(pushmetrics, "run", "--tags", "a=b", "--", "touch", str(tmp_path / "ran"), status=125)
    assert told == ("unknown option '--tags'; the job was not run", "use '--label'")
    assert mistake(pushmetrics, "run", "--job", "--", "true", status=125)[0].startswith("'--job' needs a value")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "command, hint",
    [
        (("false | gzip",), "--shell 'false | gzip'"),
        (("FOO=b", "env"), "env NAME=VALUE"),
        (("help",), "pushmetrics run --help"),
    ],
)
def test_a_command_that_is_none_leads_on(run, command, hint):
    result = run("-j", "x", "--", *command, env={"PATH": "/nowhere"})
    assert result.status == 127 and hint in result.stderr.replace("'\\''", "'")


# ---- URLs and credentials ----


@pytest.mark.parametrize("name", ["PUSHMETRICS_URL", "PUSHGATEWAY_URL"])
def test_a_url_that_is_none_sends_nothing_to_the_default_target(pushmetrics, name):
    result = pushmetrics("run", "-j", "x", "-v", "--", "true", env={name: "nonsense"})
    assert result.status == 0
    assert f"{name}: invalid URL 'nonsense'" in result.stderr
    assert f"not pushed to {name}: it holds no URL that can be used" in result.stderr
    assert "localhost" not in result.stderr
    assert not list(pushmetrics.home.glob("state/pushmetrics/**/*.push"))


def test_a_default_url_is_named_when_the_push_fails(pushmetrics):
    # Whatever listens there is no gateway that takes a password in a header of a wrong form.
    for arguments in (("push", "-j", "x", "-m", "a=1"), ("run", "-j", "x", "--", "true")):
        result = pushmetrics(
            arguments[0], "--no-spool", "--retries", "0", *arguments[1:], env={"http_proxy": "http://127.0.0.1:1"}
        )
        assert "http://localhost:9091 is the default" in result.stderr, result


def test_a_gateway_without_a_scheme_is_taken(gateway, pushmetrics):
    result = pushmetrics("push", "-j", "bare", "-m", "a=1", env={"PUSHGATEWAY_URL": gateway.url.removeprefix("http://")})
    assert (result.status, result.stderr) == (0, "")
    assert any(group.labels["job"] == "bare" for group in gateway.groups())


def test_the_path_that_prometheus_scrapes_is_explained(gateway, pushmetrics):
    result = pushmetrics("push", "-j", "x", "-m", "a=1", "--no-spool", "--url", gateway.url + "/metrics")
    assert result.status == 1 and "leave out /metrics" in result.stderr


def test_a_line_end_behind_a_credential_is_left_out(gateway, pushmetrics):
    environment = {"PUSHMETRICS_USER": "u\n", "PUSHMETRICS_PASSWORD": "p\r\n", "PUSHMETRICS_HEADER": "X-Scope: a\n"}
    result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", gateway.url, env=environment)
    assert (result.status, result.stderr) == (0, "")


def test_basic_and_bearer_together_are_warned_of(gateway, pushmetrics):
    environment = {"PUSHMETRICS_USER": "u", "PUSHMETRICS_BEARER_TOKEN": "t", "PUSHMETRICS_PASSWORD": "p"}
    result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", gateway.url, env=environment)
    assert result.status == 0 and "the bearer token is not sent" in result.stderr


def test_an_element_of_opentelemetrys_headers_that_is_left_out_is_reported(pushmetrics):
    for headers in ('"Authorization=Basic secret"', "api-key: secret", "secret"):
        environment = {"OTEL_EXPORTER_OTLP_HEADERS": headers, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
        result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", "otlp:", "--retries", "0", env=environment)
        assert "OTEL_EXPORTER_OTLP_HEADERS: element 1" in result.stderr and "secret" not in result.stderr


# ---- input and groups ----


def test_compressed_input_is_named(pushmetrics):
    result = pushmetrics("push", "-j", "x", input=gzip.compress(b"a 1\n"))
    assert result.status == 3 and "the input is compressed: unpack it first, as 'gzip -dc' does" in result.stderr


def test_a_terminal_is_told_that_it_is_read(pushmetrics):
    status, seen = run_on_terminal(pushmetrics, "check", answer=b"a 1\n\x04")
    assert status == 0 and "reading metrics from the terminal" in seen and "Ctrl-D" in seen


def test_groups_of_the_job_that_stay_are_mentioned(gateway, pushmetrics):
    put_group(gateway, {"job": "shard", "shard": "1"})
    put_group(gateway, {"job": "shard", "shard": "2"})
    result = pushmetrics("delete", "--url", gateway.url, "-j", "shard")
    assert result.status == 0 and "2 groups of job 'shard' with further labels stay" in result.stderr
    assert "pushmetrics delete --match job=shard" in result.stderr


def test_what_cannot_be_seen_is_shown(pushmetrics):
    assert "'5s\\r'" in mistake(pushmetrics, "prune", "--older-than", "5s\r")[0]
    assert "'3\\u200b'" in mistake(pushmetrics, "flush", env={"PUSHMETRICS_RETRIES": "3\u200b"})[0]
    result = pushmetrics("run", "--dry-run", "--", "true", env={"PUSHMETRICS_JOB": "backup\r"})
    assert result.status == 0 and "the job's name 'backup\\r' ends in a line end" in result.stderr
    result = pushmetrics("run", "--dry-run", "--", "/bin/true\r")
    assert result.status == 127 and "'/bin/true\\r' was not found" in result.stderr
