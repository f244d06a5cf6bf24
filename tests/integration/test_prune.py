"""`pushmetrics prune` deletes the groups that nobody has pushed to for long, and no others."""

import time

import pytest
from support.group_work import VERSIONS, FakeGateway, forwarding_to, gateways, held, key_of, listed, put_group
from support.servers import wait_until

gateway = pytest.fixture(scope="module", params=VERSIONS)(gateways)


@pytest.fixture(autouse=True)
def empty_gateway(gateway):
    gateway.wipe()


def keys(*jobs):
    return {key_of({"job": job}) for job in jobs}


def put(gateway, *jobs):
    for job in jobs:
        assert put_group(gateway, {"job": job}).status == 200


# A second's pause stands for a week's.
OLD = 1.5


def test_groups_are_deleted_by_the_later_of_last_push_and_last_failed_push(gateway, pushmetrics):
    put(gateway, "old-1", "old-2", "kept-old", "failing", "renewed")
    time.sleep(OLD + 0.5)
    put(gateway, "new", "renewed")
    assert put_group(gateway, {"job": "failing"}, "some_metric 1 1234\n", "POST").status == 400
    arguments = ("prune", "--url", gateway.url, "--older-than", f"{OLD}s", "--match", "job!=kept-*")
    everything = held(gateway)

    dry = pushmetrics(*arguments, "--dry-run")
    assert dry.status == 0 and held(gateway) == everything
    assert sorted(line.split(" (")[0] for line in dry.stdout.splitlines()) == [
        'would delete job="old-1"',
        'would delete job="old-2"',
    ]
    result = pushmetrics(*arguments, "--json")
    assert {key_of(group["labels"]) for group in listed(result) if group["deleted"]} == keys("old-1", "old-2")
    wait_until(lambda: held(gateway) == everything - keys("old-1", "old-2"))
    again = pushmetrics(*arguments)
    assert (again.status, again.stdout, again.stderr) == (0, "", "")


def test_the_newest_of_each_job_can_be_kept(gateway, pushmetrics):
    for job, env in (("a", "1"), ("a", "2"), ("a", "3"), ("b", "1")):
        put_group(gateway, {"job": job, "env": env})
        time.sleep(0.02)
    time.sleep(0.2)
    result = pushmetrics("prune", "--url", gateway.url, "--older-than", "100ms", "--keep-newest", "2")
    assert result.status == 0
    kept = {key_of({"job": job, "env": env}) for job, env in (("a", "2"), ("a", "3"), ("b", "1"))}
    wait_until(lambda: held(gateway) == kept)


def test_a_group_pushed_again_meanwhile_is_let_be(gateway, pushmetrics):
    put(gateway, "old", "revived", "gone")
    time.sleep(0.5)
    forward = forwarding_to(gateway)

    def answer(method, path, body):
        reply = forward(method, path, body)
        if len(fake.requests) == 1:  # the first list is on its way
            put(gateway, "revived")
            forward("DELETE", "/metrics/job/gone", None)
        return reply

    with FakeGateway(answer) as fake:
        result = pushmetrics("prune", "--url", fake.url, "--older-than", "300ms")
    assert result.status == 0, result.stderr
    assert [line.split(" (")[0] for line in result.stdout.splitlines()] == ['deleted job="old"']
    assert [request for request in fake.requests if request[0] == "DELETE"] == [("DELETE", "/metrics/job/old")]
    wait_until(lambda: held(gateway) == keys("revived"))


def test_several_at_once_do_not_disturb_each_other(gateway, pushmetrics):
    put(gateway, *(f"old-{number}" for number in range(50)))
    time.sleep(0.3)
    put(gateway, "new")
    started = [pushmetrics.spawn("prune", "--url", gateway.url, "--older-than", "250ms", "--match=job=old-*") for _ in range(4)]
    for process in started:
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, b"")
    wait_until(lambda: held(gateway) == keys("new"))


def test_nothing_is_deleted_when_the_list_breaks_off(gateway, pushmetrics):
    put(gateway, "old")
    time.sleep(0.2)
    forward = forwarding_to(gateway)

    def answer(method, path, body):
        status, text = forward(method, path, body)
        return status, text[:-3], len(text)

    with FakeGateway(answer) as fake:
        result = pushmetrics("prune", "--url", fake.url, "--older-than", "100ms", "--retries", "0")
    assert (result.status, result.stdout) == (1, "")
    assert held(gateway) == keys("old")


def test_the_age_must_be_given(gateway, pushmetrics):
    result = pushmetrics("prune", "--url", gateway.url)
    assert (result.status, result.stdout) == (2, "") and "--older-than" in result.stderr
    assert pushmetrics("prune", "--url", gateway.url, "--older-than", "soon").status == 2
