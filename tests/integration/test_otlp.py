"""OTLP: the body by an independent decoder, and a server's every answer."""

import json

import pytest

from support.faulty_server import FaultyServer, answer
from support.protobuf import Messages
from support.servers import VictoriaMetrics, http, wait_until

IN_JSON = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}

INPUT = """\
# HELP rows_total Rows read.
# TYPE rows_total counter
rows_total{table="a"} 3
# TYPE temperature gauge
temperature NaN
# TYPE limit gauge
limit +Inf
# TYPE size_bytes untyped
size_bytes -1.5e300
# TYPE wait_seconds histogram
wait_seconds_bucket{queue="q",le="0.5"} 2
wait_seconds_bucket{queue="q",le="1"} 5
wait_seconds_bucket{queue="q",le="+Inf"} 9
wait_seconds_sum{queue="q"} 12.5
wait_seconds_count{queue="q"} 9
# TYPE latency_seconds summary
latency_seconds{quantile="0.5"} 0.25
latency_seconds{quantile="0.99"} 4
latency_seconds_sum 17
latency_seconds_count 3
"""


@pytest.fixture(scope="module")
def decode(tmp_path_factory):
    """decode(request) → what Protocol Buffers understand of it. What they do not know is an error."""
    messages = Messages("otlp_metrics.proto", tmp_path_factory.mktemp("definitions"))
    name = "otlp.ExportMetricsServiceRequest"

    def decode(request):
        head, body = request
        if "\r\ncontent-type: application/x-protobuf\r\n" in head.lower():
            return messages.read_as_dict(name, body)
        assert "\r\ncontent-type: application/json\r\n" in head.lower()
        understood = messages.read_json(name, body)
        assert understood == json.loads(body)  # nothing was ignored, nothing read as something else
        return understood

    return decode


@pytest.fixture
def collector():
    """A server that takes everything, until its `behaviour` is changed."""
    with FaultyServer(answer(200, b"{}")) as server:
        yield server


def attributes(of):
    return {one["key"]: one["value"]["stringValue"] for one in of.get("attributes", [])}


def push(pushmetrics, server, *options, text="x 1\n", **how):
    return pushmetrics("push", "--url", f"otlp+{server.url}", "-j", "backup", *options, input=text, **how)


def metrics_of(body):
    (resource,) = body["resourceMetrics"]
    (scope,) = resource["scopeMetrics"]
    return {metric["name"]: metric for metric in scope["metrics"]}


@pytest.mark.parametrize("environment", [{}, IN_JSON], ids=["protobuf", "json"])
def test_a_body_means_to_protocol_buffers_what_it_means_to_prometheus(pushmetrics, collector, decode, environment):
    result = push(pushmetrics, collector, "-i", "db1", "-l", "tier=gold", text=INPUT, env=environment)
    assert (result.status, result.stderr) == (0, "")
    ((head, _),) = collector.requests
    assert head.startswith("POST /v1/metrics HTTP/1.1\r\n")
    assert ("application/json" in head) == (environment == IN_JSON)
    understood = decode(collector.requests[0])

    resource = understood["resourceMetrics"][0]["resource"]
    assert attributes(resource) == {"service.name": "backup", "service.instance.id": "db1", "tier": "gold"}
    metrics = metrics_of(understood)
    rows = metrics["rows_total"]
    assert (rows["description"], rows["sum"]["isMonotonic"]) == ("Rows read.", True)
    assert rows["sum"]["aggregationTemporality"] == 2
    (point,) = rows["sum"]["dataPoints"]
    assert (attributes(point), point["asDouble"]) == ({"table": "a", "tier": "gold"}, 3)
    assert metrics["temperature"]["gauge"]["dataPoints"][0]["asDouble"] == "NaN"
    assert metrics["limit"]["gauge"]["dataPoints"][0]["asDouble"] == "Infinity"
    assert metrics["size_bytes"]["gauge"]["dataPoints"][0]["asDouble"] == -1.5e300
    assert (metrics["size_bytes"]["unit"], metrics["wait_seconds"]["unit"]) == ("By", "s")
    assert "unit" not in metrics["limit"]

    (histogram,) = metrics["wait_seconds"]["histogram"]["dataPoints"]
    assert histogram["explicitBounds"] == [0.5, 1]
    assert histogram["bucketCounts"] == ["2", "3", "4"]
    assert (histogram["count"], histogram["sum"]) == ("9", 12.5)
    assert attributes(histogram) == {"queue": "q", "tier": "gold"}
    (summary,) = metrics["latency_seconds"]["summary"]["dataPoints"]
    assert summary["quantileValues"] == [{"quantile": 0.5, "value": 0.25}, {"quantile": 0.99, "value": 4}]
    assert (summary["count"], summary["sum"]) == ("3", 17)
    for cumulative in (point, histogram, summary):
        assert 0 < int(cumulative["startTimeUnixNano"]) <= int(cumulative["timeUnixNano"])
    assert "startTimeUnixNano" not in metrics["limit"]["gauge"]["dataPoints"][0]


def test_the_protocol_for_metrics_takes_precedence(pushmetrics, collector, decode):
    environment = {**IN_JSON, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf"}
    assert push(pushmetrics, collector, env=environment).status == 0
    assert "application/x-protobuf" in collector.requests[0][0]


def test_victoria_metrics_takes_otlp(pushmetrics, tmp_path):
    with VictoriaMetrics(tmp_path / "server") as server:
        has_otlp = "/opentelemetry/" in http("GET", server.url + "/metrics").text  # not in 1.79
        url = f"otlp+{server.url}/opentelemetry/v1/metrics"
        result = pushmetrics("push", "--url", url, "-j", "backup", "-l", "tier=gold", "--no-spool", input=INPUT)
        assert (result.status == 0) == has_otlp, result.stderr
        if not has_otlp:
            return
        wait_until(lambda: server.series('{__name__="rows_total"}'), 15, "it is there", 0.2)
        held = {labels["__name__"]: (labels, values) for labels, values in server.series('{tier="gold"}')}
    labels, values = held["rows_total"]
    assert (labels["service.name"], labels["table"], labels["tier"], values) == ("backup", "a", "gold", [3])
    assert held["latency_seconds_count"][1] == [3] and held["wait_seconds_count"][1] == [9]


def test_the_body_of_a_run_is_understood(pushmetrics, collector, decode):
    result = pushmetrics("run", "--url", f"otlp+{collector.url}/v1/metrics", "-j", "nightly", "--", "true")
    assert (result.status, result.stderr) == (0, "")
    understood = decode(collector.requests[0])
    assert metrics_of(understood)["job_success"]["gauge"]["dataPoints"][0]["asDouble"] == 1


OPEN_HISTOGRAM = """\
# TYPE h histogram
h_bucket{le="1.0"} 1
h_bucket{le="+Inf"} 2
# EOF
"""


def test_a_histogram_without_a_count_is_as_large_as_its_buckets(pushmetrics, collector, decode):
    result = push(pushmetrics, collector, text=OPEN_HISTOGRAM)
    assert result.status == 0
    understood = decode(collector.requests[0])
    (point,) = metrics_of(understood)["h"]["histogram"]["dataPoints"]
    assert (point["count"], point["bucketCounts"], "sum" in point) == ("2", ["1", "1"], False)


def test_a_gaugehistogram_is_refused(pushmetrics, collector):
    result = push(pushmetrics, collector, "--strict", text="# TYPE a gaugehistogram\na_count 1\n")
    assert (result.status, "a is a gaugehistogram" in result.stderr) == (1, True)


def test_series_that_differ_in_an_empty_label_only_are_refused(pushmetrics, collector):
    result = push(pushmetrics, collector, text='x 1\nx{f=""} 2\n')
    assert (result.status, collector.requests) == (1, [])
    assert 'x{job="backup"} and x{f="",job="backup"} are one series' in result.stderr


# ---- answers ----


@pytest.mark.parametrize("count", ["3", 3])
def test_points_that_were_rejected_are_told_and_not_sent_again(pushmetrics, collector, count):
    partial = {"partialSuccess": {"rejectedDataPoints": count, "errorMessage": "too\nmany labels"}}
    collector.behaviour = answer(200, json.dumps(partial).encode())
    result = push(pushmetrics, collector)
    assert (result.status, len(collector.requests)) == (1, 1)
    assert "rejected 3 of the points: too many labels" in result.stderr and len(result.messages) == 1


def test_a_message_without_rejected_points_is_a_warning(pushmetrics, collector):
    collector.behaviour = answer(200, b'{"partialSuccess":{"errorMessage":"deprecated name"}}')
    result = push(pushmetrics, collector)
    assert result.status == 0
    assert "deprecated name" in result.stderr and len(result.messages) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b'{"partialSuccess":{}}', b'{"partialSuccess":null}', b"[1", b"\x00"])
def test_nothing_to_report_is_a_success(pushmetrics, collector, body):
    collector.behaviour = answer(200, body)
    assert (push(pushmetrics, collector).status, push(pushmetrics, collector).stderr) == (0, "")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_tried_again_is(pushmetrics, collector, status):
    collector.behaviour = answer(status, b'{"code":14,"message":"later"}')
    result = push(pushmetrics, collector, "--retries", "2", "--no-spool")
    assert (result.status, len(collector.requests)) == (1, 3)
    assert f"the server answered {status}: later" in result.stderr


@pytest.mark.parametrize("status", [400, 401, 404, 408, 500, 501, 505])
def test_what_must_not_be_tried_again_is_not(pushmetrics, collector, status):
    collector.behaviour = answer(status, b'{"code":3,"message":"bad body"}')
    result = push(pushmetrics, collector, "--no-spool")
    assert (result.status, len(collector.requests)) == (1, 1)
    assert f"the server answered {status}: bad body" in result.stderr


# ---- OpenTelemetry's variables ----


def environment_push(pushmetrics, environment, *options):
    variables = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in environment.items()}
    return pushmetrics("push", "--url", "otlp:", "-j", "backup", "-m", "x=1", *options, env=variables)


def test_a_bare_otlp_goes_where_the_environment_says(pushmetrics, collector):
    headers = "authorization=Bearer%20secret, x-scope = a%2Cb"
    result = environment_push(pushmetrics, {"ENDPOINT": collector.url + "/base/", "HEADERS": headers})
    assert (result.status, result.stderr) == (0, "")
    head = collector.requests[0][0]
    assert head.startswith("POST /base/v1/metrics ")
    assert "\r\nauthorization: Bearer secret\r\n" in head and "\r\nx-scope: a,b\r\n" in head


def test_the_variables_for_metrics_count_more_and_their_url_is_taken_as_it_is(pushmetrics, collector):
    variables = {
        "ENDPOINT": "http://127.0.0.1:1",
        "PROTOCOL": "grpc",
        "METRICS_ENDPOINT": collector.url + "/own/path",
        "HEADERS": "x-all=1",
        "METRICS_HEADERS": "x-metrics=1",
    }
    assert environment_push(pushmetrics, variables).status == 0
    head = collector.requests[0][0]
    assert head.startswith("POST /own/path ") and "x-metrics: 1" in head and "x-all" not in head


@pytest.mark.parametrize(
    "environment, words",
    [
        ({"ENDPOINT": "localhost:4317"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"ENDPOINT": "http://localhost:4317", "PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is grpc"),
    ],
)
def test_an_environment_that_is_wrong_costs_the_push_and_not_the_job(pushmetrics, environment, words):
    variables = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in environment.items()}
    result = pushmetrics("run", "--url", "otlp:", "--", "sh", "-c", "echo output; exit 3", env=variables)
    assert (result.status, result.stdout, len(result.messages)) == (3, "output\n", 1)
    assert words in result.stderr and "spooled" in result.stderr


def test_what_waits_for_a_mended_environment_is_flushed(pushmetrics, tmp_path):
    spool = ("--spool", str(tmp_path / "spool"))
    bad = {"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"}
    assert pushmetrics("push", "--url", "otlp:", *spool, "-j", "x", "-m", "x=1", env=bad).status == 1
    assert pushmetrics("flush", *spool, env=bad).status == 1
    with FaultyServer(answer(200)) as server:
        assert pushmetrics("flush", *spool, env={"OTEL_EXPORTER_OTLP_ENDPOINT": server.url}).status == 0
    assert len(server.requests) == 1
