"""`pushmetrics list` shows what the gateway holds, and nothing when it could not be told all of it."""

import json
import os
import random
import re
import time

import pytest
from support.group_work import AWKWARD_VALUES, VERSIONS, FakeGateway, gateways, held, key_of, listed, put_group
from support.servers import Gateway, http, wait_until
from support.terminal import run_on_terminal

gateway = pytest.fixture(scope="module", params=VERSIONS)(gateways)


@pytest.fixture(autouse=True)
def empty_gateway(gateway):
    gateway.wipe()


def random_groups(count, seed):
    """Grouping keys of awkward values; none has an instance, which would poison the gateway."""
    chooser = random.Random(seed)
    groups = {}
    while len(groups) < count:
        names = chooser.sample(["env", "path", "metrics", "value", "Zone_9", "_x", "labels", "status"], chooser.randrange(4))
        labels = {name: chooser.choice(AWKWARD_VALUES) for name in names}
        labels["job"] = chooser.choice([value for value in AWKWARD_VALUES if value])
        groups[key_of(labels)] = labels
    return list(groups.values())


def test_the_json_says_what_was_pushed(gateway, pushmetrics):
    groups = random_groups(400, seed=7)
    for labels in groups:
        assert put_group(gateway, labels, "a 1\nb{x=\"1\"} 2\nb{x=\"2\"} 2\n").status == 200
    shown = listed(pushmetrics("list", "--url", gateway.url, "--json"))
    assert {key_of(group["labels"]) for group in shown} == {key_of(labels) for labels in groups} == held(gateway)
    now = time.time()
    for group in shown:
        assert now - 60 < group["last_push_time"] <= now + 1
        assert group["last_push_failure_time"] is None
        assert group["last_push_successful"] is True
        assert group["state"] == "ok"
        assert (group["families"], group["series"]) == (2, 3)
        assert group["success"] is None
    for group in shown[:50]:  # the path names exactly this group
        assert http("DELETE", gateway.url + group["path"]).status == 202
        wait_until(lambda: key_of(group["labels"]) not in held(gateway))


def test_a_run_is_shown_with_result_and_duration(gateway, pushmetrics):
    pushmetrics("run", "--url", gateway.url, "-j", "good", "--expect-every", "1h", "--", "sleep", "0.2")
    pushmetrics("run", "--url", gateway.url, "-j", "bad", "-i", "db1", "--", "sh", "-c", "exit 3")
    shown = {group["labels"]["job"]: group for group in listed(pushmetrics("list", "--url", gateway.url, "--json"))}
    assert (shown["good"]["state"], shown["good"]["success"]) == ("ok", True)
    assert 0.2 <= shown["good"]["duration_seconds"] < 5
    assert shown["good"]["expected_interval_seconds"] == 3600
    assert abs(shown["good"]["last_success_time"] - time.time()) < 60
    assert (shown["bad"]["state"], shown["bad"]["success"]) == ("failed", False)
    assert shown["bad"]["labels"] == {"job": "bad", "instance": "db1"}

    lines = pushmetrics("list", "--url", gateway.url, "--sort", "state").stdout.splitlines()
    assert re.split(r"  +", lines[0]) == ["GROUP", "LAST PUSH", "STATE", "SUCCESS", "DURATION", "LAST SUCCESS"]
    assert lines[1].startswith('job="bad",instance="db1"  ')
    column = lines[0].index("STATE")
    assert [line[column:].split()[0] for line in lines[1:]] == ["failed", "ok"]
    assert not any(line.endswith(" ") or "\x1b" in line for line in lines)


def test_a_run_of_any_prefix_is_shown_beside_metrics_that_end_in_the_same_way(gateway, pushmetrics):
    job = ("run", "--url", gateway.url, "-j", "release")
    pushmetrics(*job, "--prefix", "deployment_", "-m", "probe_success=0", "--", "sleep", "0.2")
    foreign = "# TYPE http_success gauge\nhttp_success 1\n# TYPE http_duration_seconds gauge\nhttp_duration_seconds 9\n"
    assert put_group(gateway, {"job": "foreign"}, foreign).status == 200

    def shown(*options):
        groups = listed(pushmetrics("list", "--url", gateway.url, "--json", *options))
        return {group["labels"]["job"]: group for group in groups}

    release = shown()["release"]
    assert (release["state"], release["success"]) == ("ok", True) and 0.2 <= release["duration_seconds"] < 5
    assert shown()["foreign"]["success"] is None
    assert shown("--prefix", "job_")["release"]["success"] is None
    pushmetrics(*job, "--prefix", "rollback_", "--", "false")
    assert (shown()["release"]["state"], shown("--prefix", "deployment_")["release"]["state"]) == ("failed", "ok")


def test_each_state_is_told(gateway, pushmetrics):
    now = time.time()
    types = "".join(
        f"# TYPE job_{name} gauge\n"
        for name in ("success", "interrupted", "running", "last_success_timestamp_seconds", "expected_interval_seconds")
    )
    bodies = {
        "ok": f"job_success 1\njob_last_success_timestamp_seconds {now - 50}\njob_expected_interval_seconds 3600\n",
        "failed": "job_success 0\njob_interrupted 0\n",
        "interrupted": "job_success 0\njob_interrupted 1\n",
        "running": "job_success 0\njob_running 1\n",
        "overdue": f"job_success 1\njob_last_success_timestamp_seconds {now - 7200}\njob_expected_interval_seconds 3600\n",
        "push failed": "job_success 1\n",
    }
    for state, body in bodies.items():
        assert put_group(gateway, {"job": state}, types + body).status == 200
    assert put_group(gateway, {"job": "push failed"}, "# TYPE job_success counter\njob_success 1\n", "POST").status == 400
    shown = listed(pushmetrics("list", "--url", gateway.url, "--json", "--sort", "state"))
    assert [group["state"] for group in shown] == ["push failed", "interrupted", "failed", "overdue", "running", "ok"]
    assert all(group["state"] == group["labels"]["job"] for group in shown)


def test_metrics_named_as_parts_of_the_answer_hide_nothing(gateway, pushmetrics):
    assert put_group(gateway, {"job": "hidden", "env": "x"}, "labels 1\nlast_push_successful 3\n").status == 200
    (group,) = listed(pushmetrics("list", "--url", gateway.url, "--json"))
    assert group["labels"] == {"job": "hidden", "env": "x"}
    assert group["last_push_successful"] is True
    assert group["state"] == "ok"


def test_a_poisoned_gateway_is_listed_byte_for_byte(gateway, pushmetrics):
    put_group(gateway, {"job": "bad", "x": b"\xff/\xfe"})
    assert http("GET", gateway.url + "/metrics").status == 500
    (group,) = listed(pushmetrics("list", "--url", gateway.url, "--json"))
    assert group["path"] == "/metrics/job/bad/x@base64/_y_-"
    assert r'x="\xff/\xfe"' in pushmetrics("list", "--url", gateway.url).stdout


def test_only_matching_groups_are_shown_in_the_order_asked_for(gateway, pushmetrics):
    for number in (2, 1, 3):
        put_group(gateway, {"job": f"backup-{number}", "env": "prod" if number > 1 else "test"})
        time.sleep(0.02)
    by_age = listed(pushmetrics("list", "--url", gateway.url, "--json", "--sort", "age"))
    assert [group["labels"]["job"] for group in by_age] == ["backup-3", "backup-1", "backup-2"]
    some = listed(pushmetrics("list", "--url", gateway.url, "--json", "--match", "job=backup-*", "--match", "env!=test"))
    assert [group["labels"]["job"] for group in some] == ["backup-2", "backup-3"]


def test_colours_are_for_terminals_that_want_them(gateway, pushmetrics):
    put_group(gateway, {"job": "a"})
    arguments = ("list", "--url", gateway.url)
    assert "\x1b[32mok\x1b[0m" in run_on_terminal(pushmetrics, *arguments, env={"TERM": "xterm"})[1]
    assert "\x1b" not in run_on_terminal(pushmetrics, *arguments, env={"TERM": "xterm", "NO_COLOR": "1"})[1]
    assert "\x1b" not in run_on_terminal(pushmetrics, *arguments, env={"TERM": "dumb"})[1]
    assert "\x1b" not in pushmetrics(*arguments, env={"TERM": "xterm"}).stdout


def test_several_targets_are_listed_and_those_that_cannot_be_are_told_of(gateway, pushmetrics):
    put_group(gateway, {"job": "a"})
    targets = ("--url", gateway.url, "--url", "http://127.0.0.1:1", "--url", "stdout:", "--retries", "0")
    result = pushmetrics("list", *targets)
    assert result.status == 1
    assert result.stdout.startswith(gateway.url + ":\nGROUP") and '\njob="a"  ' in result.stdout
    assert re.search(r"^pushmetrics: http://127.0.0.1:1: its groups could not be listed: ", result.stderr, re.M)
    assert re.search(r"^pushmetrics: stdout: can neither show nor delete groups", result.stderr, re.M)
    result = pushmetrics("list", "--json", *targets)
    assert result.status == 1
    told = json.loads(result.stdout)["targets"]
    assert [target["target"] for target in told] == [gateway.url, "http://127.0.0.1:1", "stdout:"]
    assert [target["error"] is None for target in told] == [True, False, False]


@pytest.mark.parametrize(
    "body, length",
    [
        (b'{"status":"success","data":[{"labels":{"job":"a"}}', None),
        (b'{"status":"success","data":[{"labels":{"job":"a"}}]}', 1000),
        (b'{"status":"success","data":[{"labels":{"job":"a"}},{"labels":}]}', None),
        (b'{"status":"error","error":"no"}', None),
        (b"<html></html>", None),
        (b"", None),
    ],
)
def test_an_answer_that_is_not_whole_is_no_list(pushmetrics, body, length):
    with FakeGateway(lambda *_: (200, body, length or len(body))) as fake:
        result = pushmetrics("list", "--url", fake.url, "--retries", "0")
    assert (result.status, result.stdout) == (1, "")
    assert "its groups could not be listed: " in result.stderr


def test_mistakes_end_with_2(gateway, pushmetrics):
    for arguments, words in (
        (("--match", "job"), "invalid condition 'job': write NAME=GLOB or NAME!=GLOB"),
        (("--sort", "size"), "unknown order 'size': write group, age, state or duration"),
        (("extra",), "unexpected argument 'extra'"),
    ):
        result = pushmetrics("list", "--url", gateway.url, *arguments)
        assert (result.status, result.stdout) == (2, "")
        assert words in result.stderr
    result = pushmetrics("list", env={"PUSHMETRICS_URL": "nonsense"})
    assert result.status == 2 and "PUSHMETRICS_URL" in result.stderr


def test_thousands_of_groups_take_little_longer_than_to_fetch_them(pushmetrics, tmp_path):
    body = "".join(f"# HELP job_{name} What it tells.\n# TYPE job_{name} gauge\njob_{name} 1\n" for name in "abcdefghi")
    # The consistency check looks at all groups for each push.
    with Gateway(tmp_path, options=["--push.disable-consistency-check"]) as gateway:
        for number in range(2000):
            put_group(gateway, {"job": f"many-{number}"}, body)
        fetched = min(seconds(lambda: http("GET", gateway.url + "/api/v1/metrics", timeout=60)) for _ in range(3))
        shown = min(seconds(lambda: pushmetrics("list", "--url", gateway.url)) for _ in range(3))
    # The promise is twice the time of curl; but this machine may be busy, and the build a debug one.
    assert shown < 4 * fetched + 1


def seconds(call):
    start = time.monotonic()
    assert call().status in (0, 200)
    return time.monotonic() - start


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["push", "-j", "x", "-m", "x=1", "--url", "stdout:"]])
def test_a_closed_standard_output_is_a_failure(pushmetrics, gateway, command):
    where = [] if "push" in command else ["--url", gateway.url]
    result = pushmetrics(*command, *where, stdout=None, preexec_fn=lambda: os.close(1))
    assert result.status == 1 and result.stderr
