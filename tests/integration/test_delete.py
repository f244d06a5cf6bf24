"""`pushmetrics delete` and `wipe` delete exactly what they are told to, and all that `list` shows can be named."""

import fnmatch
import itertools
import json
import time

import pytest
from support.group_work import AWKWARD_VALUES, VERSIONS, FakeGateway, forwarding_to, gateways, held, key_of, listed, put_group
from support.servers import Gateway, http, wait_until
from support.terminal import run_on_terminal

gateway = pytest.fixture(scope="module", params=VERSIONS)(gateways)


@pytest.fixture(autouse=True)
def empty_gateway(gateway):
    gateway.wipe()


def options_for(labels):
    """What names a group of these labels on the command line."""
    options = ["--job=" + labels["job"]]
    for name, value in labels.items():
        if name == "instance":
            options.append("--instance=" + value)
        elif name != "job":
            options.append(f"--label={name}={value}")
    return options


def test_every_group_that_is_listed_can_be_deleted_by_what_is_listed(gateway, pushmetrics):
    for job, value in itertools.product(("a", "é/."), AWKWARD_VALUES):
        put_group(gateway, {"job": job, "x": value})
    put_group(gateway, {"job": "plain"})
    put_group(gateway, {"job": "plain", "instance": ""})  # poisons the gateway
    put_group(gateway, {"job": "hidden"}, "labels 1\n")
    before = held(gateway)
    for group in listed(pushmetrics("list", "--url", gateway.url, "--json")):
        result = pushmetrics("delete", "--url", gateway.url, *options_for(group["labels"]))
        assert (result.status, result.stderr) == (0, "")
        assert result.stdout.startswith('deleted job="') and len(result.stdout.splitlines()) == 1
        before.discard(key_of(group["labels"]))
        wait_until(lambda: held(gateway) == before, what=f"{group['labels']} is gone, and nothing else")
    assert before == set()


def test_bytes_that_are_not_utf8_can_be_deleted(gateway, pushmetrics):
    put_group(gateway, {"job": "bad", "x": b"\xff\xfe"})
    put_group(gateway, {"job": "bad", "y": b"a\xc3"})
    result = pushmetrics("delete", "--url", gateway.url, "-j", "bad", "-l", b"x=\xff\xfe")
    assert (result.status, result.stdout.split(" (")[0]) == (0, r'deleted job="bad",x="\xff\xfe"')
    assert pushmetrics("delete", "--url", gateway.url, "--match", "y=a?", "--yes").status == 0
    wait_until(lambda: http("GET", gateway.url + "/metrics").status == 200)
    assert held(gateway) == set()


def test_a_hidden_group_with_an_empty_instance_is_deleted_by_a_pattern(gateway, pushmetrics):
    put_group(gateway, {"job": "hidden", "instance": ""}, "labels 1\n")
    assert pushmetrics("delete", "--url", gateway.url, "--match", "job=hidden", "--yes").status == 0
    wait_until(lambda: http("GET", gateway.url + "/api/v1/metrics").json["data"] == [])


MATCHES = [
    ["job=backup-*"],
    ["job=*-db", "env!=prod"],
    ["env=pr?d"],
    ["env="],
    ["env!="],
    ["job=backup-[ab]*", "instance!=*1"],
    ["job=[!b]*"],
    ["nothing=*", "job=web"],
]


@pytest.mark.parametrize("conditions", MATCHES, ids=" ".join)
def test_exactly_the_matching_groups_are_deleted(gateway, pushmetrics, conditions):
    jobs = ["backup-a", "backup-b", "backup-db", "web", "web-db", "x"]
    for job, env, instance in itertools.product(jobs, (None, "prod", "test"), (None, "h1", "h2")):
        labels = {"job": job, "env": env, "instance": instance}
        put_group(gateway, {name: value for name, value in labels.items() if value is not None})
    everything = held(gateway)

    def matches(key):
        labels = dict(key)
        for condition in conditions:
            name, _, pattern = condition.partition("=")
            negated = name.endswith("!")
            if fnmatch.fnmatchcase(labels.get(name.rstrip("!"), ""), pattern) == negated:
                return False
        return True

    meant = {key for key in everything if matches(key)}
    assert meant and meant != everything
    arguments = ["delete", "--url", gateway.url] + [f"--match={condition}" for condition in conditions]

    dry = pushmetrics(*arguments, "--dry-run")
    assert (dry.status, held(gateway)) == (0, everything)
    assert all(line.startswith("would delete ") for line in dry.stdout.splitlines())
    assert len(dry.stdout.splitlines()) == len(meant)
    dry = pushmetrics(*arguments, "--dry-run", "--json")
    assert json.loads(dry.stdout)["dry_run"] is True
    assert {key_of(group["labels"]) for group in listed(dry) if not group["deleted"]} == meant

    real = pushmetrics(*arguments, "--json")
    assert {key_of(group["labels"]) for group in listed(real) if group["deleted"]} == meant
    wait_until(lambda: held(gateway) == everything - meant)


def test_all_groups_are_deleted_only_if_that_is_confirmed(gateway, pushmetrics, tmp_path):
    for job in "ab":
        put_group(gateway, {"job": job})
    arguments = ("delete", "--url", gateway.url, "--match", "job=*")
    result = pushmetrics(*arguments)
    assert (result.status, result.stdout) == (2, "")
    assert "the pattern matches every group (2)" in result.stderr and "--yes" in result.stderr
    assert pushmetrics(*arguments, "--dry-run").status == 0
    # Whatever else was done is told.
    with Gateway(tmp_path) as other:
        put_group(other, {"job": "x"})
        put_group(other, {"instance": "stays", "job": "y"})
        both = pushmetrics(*arguments[:-1], "instance!=stays", "--url", other.url, "--json")
    assert both.status == 2
    refused, done = json.loads(both.stdout)["targets"]
    assert "--yes" in refused["error"] and refused["groups"] == []
    assert [group["deleted"] for group in done["groups"]] == [True]
    status, seen = run_on_terminal(pushmetrics, *arguments, answer=b"n\n")
    assert status == 2 and f"delete all groups (2) of {gateway.url}? [y/N]" in seen
    assert len(held(gateway)) == 2
    status, seen = run_on_terminal(pushmetrics, *arguments, answer=b"y\n")
    assert status == 0 and 'deleted job="a"' in seen
    wait_until(lambda: held(gateway) == set())
    put_group(gateway, {"job": "c"})
    assert pushmetrics(*arguments, "--yes").status == 0
    wait_until(lambda: held(gateway) == set())


def test_what_is_not_there_is_told_and_harms_nobody(gateway, pushmetrics):
    put_group(gateway, {"job": "a", "env": "x"})
    result = pushmetrics("delete", "--url", gateway.url, "-j", "a")
    assert (result.status, result.stdout) == (0, "")
    assert 'there is no group job="a"' in result.stderr
    assert pushmetrics("delete", "--url", gateway.url, "--match", "job=b").status == 0
    assert held(gateway) == {key_of({"job": "a", "env": "x"})}


def test_mistakes_end_with_2_and_delete_nothing(gateway, pushmetrics):
    put_group(gateway, {"job": "a"})
    for arguments in ([], ["--match", "a"], ["-i", "x"], ["-j", "a", "--match", "job=a"], ["-j", "a", "-l", "x"]):
        result = pushmetrics("delete", "--url", gateway.url, *arguments)
        assert (result.status, result.stdout) == (2, ""), arguments
        assert result.stderr.startswith("pushmetrics: ")
    assert held(gateway) == {key_of({"job": "a"})}


def test_a_job_in_the_environment_does_not_limit_a_pattern(gateway, pushmetrics):
    for job in "abc":
        put_group(gateway, {"job": job})
    arguments = ("delete", "--url", gateway.url, "--match", "job=[ab]")
    assert pushmetrics(*arguments, env={"PUSHMETRICS_JOB": "c"}).status == 0
    wait_until(lambda: held(gateway) == {key_of({"job": "c"})})


@pytest.mark.parametrize("cut", [30, 200, -1])
def test_nothing_is_deleted_when_the_list_breaks_off(gateway, pushmetrics, cut):
    for job in "abc":
        put_group(gateway, {"job": job})
    forward = forwarding_to(gateway)

    def answer(method, path, body):
        status, text = forward(method, path, body)
        return (status, text[:cut], len(text)) if path == "/api/v1/metrics" else (status, text)

    with FakeGateway(answer) as fake:
        result = pushmetrics("delete", "--url", fake.url, "--match", "job=[ab]", "--retries", "0")
    assert (result.status, result.stdout) == (1, "")
    assert result.stderr.rstrip().endswith("; nothing was deleted")
    assert {method for method, _ in fake.requests} == {"GET"}
    assert len(held(gateway)) == 3


def test_a_deletion_that_is_refused_is_an_error(gateway, pushmetrics):
    for job in "abc":
        put_group(gateway, {"job": job})
    forward = forwarding_to(gateway)
    refuse_b = lambda method, path, body: (
        (403, b"not you") if (method, path) == ("DELETE", "/metrics/job/b") else forward(method, path, body)
    )
    with FakeGateway(refuse_b) as fake:
        result = pushmetrics("delete", "--url", fake.url, "--match", "job=[ab]")
    assert result.status == 1
    assert result.stdout.startswith('deleted job="a"') and len(result.stdout.splitlines()) == 1
    assert 'job="b" is not deleted: the server answered 403: not you' in result.stderr


def test_a_thousand_deletions_take_a_fraction_of_as_many_processes(pushmetrics, tmp_path):
    # The consistency check looks at all groups for each push.
    with Gateway(tmp_path, options=["--push.disable-consistency-check"]) as gateway:
        for number in range(1000):
            put_group(gateway, {"job": f"many-{number}"})
        start = time.monotonic()
        assert pushmetrics("delete", "--url", gateway.url, "--match", "job=many-*", "--yes").status == 0
        elapsed = time.monotonic() - start
        wait_until(lambda: held(gateway) == set())
    assert elapsed < 5


def test_wipe_deletes_everything_if_that_is_confirmed(gateway, pushmetrics):
    put_group(gateway, {"job": "a"})
    result = pushmetrics("wipe", "--url", gateway.url)
    assert (result.status, result.stdout) == (2, "") and "--yes" in result.stderr
    assert len(held(gateway)) == 1
    result = pushmetrics("wipe", "--url", gateway.url, "--yes")
    assert (result.status, result.stdout) == (0, f"wiped {gateway.url}\n")
    wait_until(lambda: held(gateway) == set())


def test_wipe_tells_how_to_turn_the_admin_api_on(pushmetrics, tmp_path):
    class WithoutAdmin(Gateway):
        def command(self):
            return [option for option in super().command() if option != "--web.enable-admin-api"]

    with WithoutAdmin(tmp_path) as server:
        result = pushmetrics("wipe", "--url", server.url, "--yes", "--json")
    assert result.status == 1
    assert "--web.enable-admin-api" in result.stderr
    (target,) = json.loads(result.stdout)["targets"]
    assert target["wiped"] is False and "--web.enable-admin-api" in target["error"]
