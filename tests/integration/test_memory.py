"""Memory is bounded, whatever a gateway sends or holds."""

import json
import pathlib

import pytest

from support.faulty_server import FaultyServer
from support.jobs import sh
from support.program import BINARY

# With libcurl and its libraries; the sanitizers' own memory comes on top.
OF_A_RUN = 40_000
OF_A_LIST = 240_000


def limit_of(kibibytes):
    return kibibytes + 200_000 if b"__asan_init" in pathlib.Path(BINARY).read_bytes() else kibibytes


def group(name, **families):
    """A group as the API lists it, with one sample for each family."""
    labels = {"job": name}
    return {
        "labels": labels,
        **{
            family: {"type": "GAUGE", "metrics": [{"labels": {**labels, **own}, "value": str(value)}]}
            for family, (own, value) in families.items()
        },
    }


OTHERS = b"".join(json.dumps(group(f"other{i}", a=({}, 1), b=({"x": "y" * 50}, 2))).encode() + b"," for i in range(500))


def gateway_with(list_pieces, push_status="200 OK", push_body=b"", metrics=None):
    """Behaves as a Pushgateway that lists what the generator gives."""

    def behaviour(connection):
        while head := connection.read_request()[0]:
            if not head.startswith(b"GET "):
                head = f"HTTP/1.1 {push_status}\r\nContent-Length: {len(push_body)}\r\n\r\n"
                connection.send(head.encode() + push_body)
                continue
            connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            for piece in (metrics if metrics and head.startswith(b"GET /metrics ") else list_pieces)():
                if connection.stop.is_set():
                    return
                connection.send(piece)
            return

    return behaviour


def endless_groups():
    yield b'{"status":"success","data":['
    while True:
        yield OTHERS


def endless_label():
    yield b'{"status":"success","data":[{"labels":{"job":"'
    while True:
        yield b"a" * (1 << 18)


def endless_series():
    yield b'{"status":"success","data":[{"labels":{"job":"large"},"a":{"type":"GAUGE","metrics":['
    while True:
        yield b'{"labels":{"job":"large"},"value":"1"},' * 4000


def endless_space():
    yield b'{"status":"success",'
    while True:
        yield b" " * (1 << 18)


def endless_types():
    number = 0
    while True:
        yield "".join(f"# TYPE metric_{number + i} gauge\nmetric_{number + i} 1\n" for i in range(5000)).encode()
        number += 5000


def many_groups(thousands, *wanted):
    """An honest list, whose last groups are `wanted`."""

    def pieces():
        yield b'{"status":"success","data":['
        for _ in range(2 * thousands):
            yield OTHERS
        yield ",".join(json.dumps(one) for one in wanted).encode() + b"]}"

    return pieces


# A process begins with the peak memory of the one that it was forked from: it is forked from a small one.
MEASURE = """import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)"""


def measured(pushmetrics, *args, timeout=30):
    """The Result, whose standard output is the peak memory in KiB."""
    result = pushmetrics(*args, prefix=["/usr/bin/python3", "-I", "-S", "-c", MEASURE], timeout=timeout)
    return result.status, result.stderr, result.elapsed, int(result.stdout)


ENDLESS = [endless_groups, endless_label, endless_series, endless_space]


@pytest.mark.parametrize("pieces", ENDLESS)
def test_counts_are_looked_for_in_an_endless_list_with_little_memory(pushmetrics, pieces):
    with FaultyServer(gateway_with(pieces)) as server:
        status, stderr, took, memory = measured(
            pushmetrics, "run", "--count", "--url", server.url, "--push-timeout", "2s", "-j", "j", "--", *sh("exit 3")
        )
    assert status == 3
    assert "job 'j': its runs are counted" in stderr or stderr == ""
    assert took < 5
    assert memory < limit_of(OF_A_RUN)


@pytest.mark.parametrize("pieces", ENDLESS)
def test_a_rejection_is_looked_into_with_little_memory(pushmetrics, pieces):
    with FaultyServer(gateway_with(pieces, "400 Bad Request", b"inconsistent")) as server:
        status, stderr, took, memory = measured(
            pushmetrics, "run", "--url", server.url, "--push-timeout", "2s", "-j", "j", "--", *sh("exit 3")
        )
    assert status == 3
    assert "the server answered 400: inconsistent" in stderr
    assert took < 5
    assert memory < limit_of(OF_A_RUN)


def test_endless_metrics_of_a_gateway_take_little_memory(pushmetrics):
    behaviour = gateway_with(many_groups(1, group("j")), "400 Bad Request", b"inconsistent", endless_types)
    with FaultyServer(behaviour) as server:
        status, _, _, memory = measured(
            pushmetrics, "push", "--url", server.url, "--push-timeout", "4s", "-j", "j", "-m", "x=1"
        )
    assert status == 1
    assert memory < limit_of(OF_A_RUN)


@pytest.mark.parametrize("command", [["list"], ["prune", "--older-than", "1d"], ["delete", "--match", "job=*", "--yes"]])
@pytest.mark.parametrize("pieces", [endless_groups, endless_label])
def test_an_endless_list_ends_with_an_error(pushmetrics, command, pieces):
    with FaultyServer(gateway_with(pieces)) as server:
        status, stderr, took, memory = measured(pushmetrics, *command, "--url", server.url, "--push-timeout", "2s")
    assert status == 1
    assert "its groups could not be listed" in stderr
    assert took < 5
    assert memory < limit_of(OF_A_LIST)


def test_counts_are_found_among_many_groups_with_little_memory(pushmetrics):
    counted = group("j", job_consecutive_failures=({}, 2))
    runs = [{"labels": {"job": "j", "status": status}, "value": n} for status, n in (("failure", "7"), ("success", "5"))]
    counted["job_runs_total"] = {"type": "COUNTER", "metrics": runs}
    with FaultyServer(gateway_with(many_groups(20, counted))) as server:
        status, stderr, _, memory = measured(
            pushmetrics, "run", "--count", "--url", server.url, "--push-timeout", "60s", "-j", "j", "--", *sh("exit 3")
        )
        pushed = [body.decode() for head, body in server.requests if head.startswith("POST ")]
    assert (status, stderr) == (3, "")
    assert 'job_runs_total{status="failure"} 8' in pushed[0]
    assert "job_consecutive_failures 3" in pushed[0]
    assert memory < limit_of(OF_A_RUN)


def test_a_conflict_is_found_among_many_groups_with_little_memory(pushmetrics):
    lists = many_groups(2, group("culprit") | {"job_success": {"type": "COUNTER", "metrics": []}})
    with FaultyServer(gateway_with(lists, "400 Bad Request", b"inconsistent")) as server:
        status, stderr, _, memory = measured(
            pushmetrics, "run", "--url", server.url, "--push-timeout", "60s", "-j", "j", "--", *sh("exit 3")
        )
    assert status == 3
    assert 'the group {job="culprit"} holds job_success as counter' in stderr
    assert memory < limit_of(OF_A_RUN)
