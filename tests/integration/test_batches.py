"""Large pushes by remote write and OTLP: split into requests, of which each arrives once."""

import pathlib
import signal
import subprocess
import sys
import time

import pytest

from support.faulty_server import FaultyServer, answer, in_turn
from support.program import BINARY
from support.protobuf import Messages, plain_body, unsnappy
from support.servers import Prometheus, wait_until

COUNT = 25_000
TEXT = "# HELP big Many.\n# TYPE big gauge\n" + "".join(f'big{{n="{n}"}} {n}\n' for n in range(COUNT))
ALL = set(map(str, range(COUNT)))
KINDS = ["remote-write+", "remote-write2+", "otlp+"]

MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""

taken = answer(200, headers=["X-Prometheus-Remote-Write-Samples-Written: 1"])
busy = answer(503)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """series(request) → the label `n` of each sample in it, in order."""
    directory = tmp_path_factory.mktemp("definitions")
    write = Messages("remote_write.proto", directory)
    otlp = Messages("otlp_metrics.proto", directory)

    def series(request):
        head, body = request
        if "write.v2.Request" in head:
            message = write.read("write.Request2", unsnappy(body))
            rows = [[message.symbols[ref] for ref in one.labels_refs] for one in message.timeseries]
            return [row[row.index("n") + 1] for row in rows]
        if "\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n" in head:
            message = write.read("write.WriteRequest", unsnappy(body))
            return [label.value for one in message.timeseries for label in one.labels if label.name == "n"]
        message = otlp.read("otlp.ExportMetricsServiceRequest", plain_body(head, body))
        ((scope,),) = [resource.scope_metrics for resource in message.resource_metrics]
        points = [point for metric in scope.metrics for point in metric.gauge.data_points]
        return [a.value.string_value for point in points for a in point.attributes if a.key == "n"]

    return series


def push(pushmetrics, server, kind, *options, text=TEXT, **how):
    return pushmetrics("push", "--url", kind + server.url, "-j", "x", *options, input=text, timeout=60, **how)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_push_is_split_and_arrives_whole(pushmetrics, series, kind):
    with FaultyServer(taken) as server:
        result = push(pushmetrics, server, kind, "-v")
    assert result.status == 0, result.stderr
    parts = [series(request) for request in server.requests]
    assert [len(part) for part in parts] == [10_000, 10_000, 5_000]
    assert set().union(*parts) == ALL
    assert result.stderr.count("pushed to") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_that_failed_is_repeated_alone(pushmetrics, series, kind):
    with FaultyServer(in_turn(taken, busy, busy, taken)) as server:
        result = push(pushmetrics, server, kind, "--retries", "2")
    assert (result.status, result.stderr) == (0, "")
    parts = [series(request) for request in server.requests]
    assert [len(part) for part in parts] == [10_000, 10_000, 10_000, 10_000, 5_000]
    assert parts[1] == parts[2] == parts[3]
    assert set().union(*parts) == ALL


def test_each_request_has_all_retries(pushmetrics):
    with FaultyServer(in_turn(busy, taken, busy, taken, busy, taken)) as server:
        assert push(pushmetrics, server, "remote-write+", "--retries", "1").status == 0
    assert len(server.requests) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_the_spool_keeps_what_has_not_arrived_and_not_what_has(pushmetrics, series, kind):
    with FaultyServer(in_turn(taken, busy)) as server:
        result = push(pushmetrics, server, kind, "--retries", "0")
        assert result.status == 1 and "spooled" in result.stderr
        arrived = set(series(server.requests[0]))
        server.requests.clear()
        # Again a part of it, and then the rest.
        server.behaviour = in_turn(taken, busy)
        assert pushmetrics("flush", "--url", kind + server.url, "--retries", "0").status == 1
        second = set(series(server.requests[0]))
        server.requests.clear()
        server.behaviour = taken
        assert pushmetrics("flush", "--url", kind + server.url).status == 0
        third = set().union(*map(series, server.requests))
    assert (len(arrived), len(second), len(third)) == (10_000, 10_000, 5_000)
    assert arrived | second | third == ALL


def test_a_request_that_is_rejected_does_not_keep_the_others_from_being_sent(pushmetrics, series):
    with FaultyServer(in_turn(taken, answer(400, b"out of bounds"), taken)) as server:
        result = push(pushmetrics, server, "remote-write+")
    assert (result.status, len(server.requests)) == (1, 3)
    assert "1 part of the push rejected: the server answered 400: out of bounds" in result.stderr
    assert len(result.messages) == 1


def test_what_was_rejected_is_reported_although_the_rest_was_delivered_later(pushmetrics):
    with FaultyServer(in_turn(answer(400, b"no"), busy, taken)) as server:
        result = push(pushmetrics, server, "remote-write+", "--retries", "1")
    assert (result.status, len(server.requests)) == (1, 4)
    assert "discarded" in result.stderr and "1 part of the push rejected" in result.stderr


def test_a_push_that_is_interrupted_spools_only_the_rest(pushmetrics, series):
    def hang(connection):
        connection.read_request()
        connection.wait_until_closed()

    with FaultyServer(in_turn(taken, hang)) as server:
        file = pushmetrics.home / "big.prom"
        file.write_text(TEXT)
        process = pushmetrics.spawn("push", "--url", f"remote-write+{server.url}", "-j", "x", str(file))
        wait_until(lambda: len(server.requests) == 2, 30, "the second request")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == -signal.SIGTERM
        first = set(series(server.requests[0]))
        server.requests.clear()
        server.behaviour = taken
        assert pushmetrics("flush", "--url", f"remote-write+{server.url}").status == 0
        assert set().union(*map(series, server.requests)) == ALL - first


HISTOGRAMS = "# TYPE h histogram\n" + "".join(
    f'h_bucket{{n="{n}",le="{bound}"}} {n}\n' for bound in ("1", "+Inf") for n in range(6_000)
) + "".join(f'h_count{{n="{n}"}} {n}\n' for n in range(6_000))


def test_a_histogram_whose_lines_are_far_apart_is_one_point(pushmetrics, tmp_path):
    with FaultyServer(taken) as server:
        assert push(pushmetrics, server, "otlp+", text=HISTOGRAMS).status == 0
    messages = Messages("otlp_metrics.proto", tmp_path)
    counts = {}
    for head, body in server.requests:
        message = messages.read("otlp.ExportMetricsServiceRequest", plain_body(head, body))
        for point in message.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points:
            (n,) = [one.value.string_value for one in point.attributes]
            assert n not in counts
            counts[n] = (point.count, list(point.bucket_counts))
    assert counts == {str(n): (n, [n, 0]) for n in range(6_000)} and len(server.requests) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_time_limit_holds_while_a_large_push_is_encoded(pushmetrics, kind):
    file = pushmetrics.home / "big.prom"
    file.write_text("".join(f'big{{n="{n}",path="/api/{n:07x}"}} {n}\n' for n in range(150_000)))
    with FaultyServer(taken) as server:
        began = time.monotonic()
        options = ("--url", kind + server.url, "-j", "x", "--push-timeout", "1s", "--retries", "0", "-v")
        fast = pushmetrics("push", *options, "--push-timeout", "1ms", "--no-spool", str(file), timeout=60)
        reading = time.monotonic() - began
        assert fast.status == 1 and "the time limit was reached" in fast.stderr
        began = time.monotonic()
        pushmetrics("push", *options, "--no-spool", str(file), timeout=60)
        assert time.monotonic() - began < reading + 1 + 1.5


@pytest.mark.parametrize("kind", KINDS)
def test_memory_stays_within_twice_the_input(pushmetrics, kind):
    file = pushmetrics.home / "big.prom"
    with open(file, "w") as lines:
        lines.writelines(f'big{{n="{n:01000}"}} {n}\n' for n in range(40_000))
    with FaultyServer(taken) as server:
        # By a small process: a child's peak is its parent's at least.
        prefix = (sys.executable, "-c", MEASURE)
        process = pushmetrics.spawn(
            "push", "--url", kind + server.url, "-j", "x", str(file), prefix=prefix, stdout=subprocess.PIPE
        )
        memory = int(process.communicate(timeout=60)[0]) * 1024
    assert process.returncode == 0 and len(server.requests) > 8
    base = 40 << 20  # libcurl and its libraries, and a request
    share = 4 if b"__asan_init" in pathlib.Path(BINARY).read_bytes() else 1
    assert memory < (2 * file.stat().st_size + base) * share


@pytest.mark.parametrize("kind", ["remote-write+", "remote-write2+"])
def test_prometheus_holds_a_large_push(pushmetrics, tmp_path, kind):
    with Prometheus(tmp_path / "server") as server:
        result = push(pushmetrics, server, kind)
        assert (result.status, result.stderr) == (0, "")
        assert server.query('count(big{job="x"})')[0][1] == COUNT
        assert server.query('sum(big{job="x"})')[0][1] == sum(range(COUNT))


# ---- what a request of remote write says ----

FAMILIES = """\
# HELP rows_total Rows.
# TYPE rows_total counter
rows_total 3
# TYPE wait histogram
wait_bucket{le="1"} 1
wait_bucket{le="1e6"} 1
wait_bucket{le="+Inf"} 2
wait_count 2
# TYPE latency summary
latency{quantile="1"} 4
# TYPE kind gauge
kind{le="1"} 1
"""
TYPES = {"rows_total": 1, "wait": 3, "latency": 5, "kind": 2}


@pytest.fixture
def one_request(pushmetrics, tmp_path):
    """one_request(kind) → the decoded message."""

    def one_request(kind):
        with FaultyServer(taken) as server:
            assert push(pushmetrics, server, kind, text=FAMILIES).status == 0
        (request,) = server.requests
        name = "write.Request2" if kind == "remote-write2+" else "write.WriteRequest"
        return Messages("remote_write.proto", tmp_path).read(name, unsnappy(request[1]))

    return one_request


BOUNDS = {("wait_bucket", "1.0"), ("wait_bucket", "1e+06"), ("wait_bucket", "+Inf"), ("latency", "1.0"), ("kind", "1")}


def test_remote_write_brings_help_and_type_and_the_bounds_of_a_scrape(one_request):
    message = one_request("remote-write+")
    assert {one.metric_family_name: one.type for one in message.metadata} == TYPES
    assert [one.help for one in message.metadata if one.help] == ["Rows."]
    rows = [{label.name: label.value for label in one.labels} for one in message.timeseries]
    assert {(row["__name__"], row.get("le") or row.get("quantile")) for row in rows if len(row) > 2} == BOUNDS


def test_remote_write_2_refers_to_symbols(one_request):
    message = one_request("remote-write2+")
    assert message.symbols[0] == "" and len(set(message.symbols)) == len(message.symbols)
    types, found = {}, set()
    for one in message.timeseries:
        words = [message.symbols[ref] for ref in one.labels_refs]
        labels = dict(zip(words[::2], words[1::2]))
        assert list(labels) == sorted(labels)
        family = next(name for name in TYPES if labels["__name__"].startswith(name))
        types[family] = one.metadata.type
        assert message.symbols[one.metadata.help_ref] == ("Rows." if family == "rows_total" else "")
        if len(labels) > 2:
            found.add((labels["__name__"], labels.get("le") or labels.get("quantile")))
    assert (types, found) == (TYPES, BOUNDS)


@pytest.mark.parametrize("first", [answer(415), answer(200)], ids=["415", "silence"])
def test_remote_write_2_falls_back_to_1(pushmetrics, series, first):
    with FaultyServer(in_turn(first, taken)) as server:
        result = push(pushmetrics, server, "remote-write2+")
    assert (result.status, result.stderr) == (0, "")
    heads = [head for head, _ in server.requests]
    assert "write.v2.Request" in heads[0] and not any("v2" in head for head in heads[1:])
    assert [len(series(request)) for request in server.requests] == [10_000, 10_000, 10_000, 5_000]


def test_a_server_that_takes_2_only_is_explained(pushmetrics):
    with FaultyServer(answer(415, b"expected io.prometheus.write.v2.Request")) as server:
        result = push(pushmetrics, server, "remote-write+")
    assert (result.status, len(server.requests)) == (1, 1)
    assert "remote-write2+" in result.stderr and "accepted-protobuf-messages" in result.stderr
