"""What answers with success but is no receiver, and what is no receiver at all: nothing is taken for delivered, and the hint
names the URL that is meant."""

import json
import random
import re
import select
import socket

import pytest

from support import faulty_server as faulty
from support.faulty_server import FaultyServer
from support.servers import Gateway, Prometheus, VictoriaMetrics

PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome to nginx!</title></head><body>x</body></html>\n"
HTML = ["Content-Type: text/html"]
NO_RECEIVERS = {
    "a default page": (faulty.answer("200 OK", PAGE, HTML), "200 with an HTML page (Welcome to nginx!)"),
    "a page without a type": (faulty.answer("200 OK", b"\r\n<HTML><h1>It works!</h1>"), "200 with an HTML page"),
    "a page with 202": (faulty.answer("202 Accepted", PAGE, HTML), "202 with an HTML page"),
    "a login page": (
        faulty.answer("200 OK", b'<html><title>Grafana</title><input type="password">', HTML),
        "200 with a login page (Grafana)",
    ),
    "a page of metrics": (faulty.answer("200 OK", b"# HELP up x\n# TYPE up gauge\nup 1\n"), "200 with a page of metrics"),
    "a JSON error": (
        faulty.answer("200 OK", b'{"error": "no such route"}', ["Content-Type: application/json"]),
        '200 with an error: {"error": "no such route"}',
    ),
}
TARGETS = {"": "", "/api/v1/import/prometheus": "", "/api/v1/write": "remote-write+", "/v1/metrics": "otlp+"}
RECEIVERS = {
    "Pushgateway": faulty.answer("200 OK"),
    "Pushgateway without its check": faulty.answer("202 Accepted"),
    "VictoriaMetrics": faulty.answer("204 No Content"),
    "a Collector": faulty.answer("200 OK", b'{"partialSuccess":{}}', ["Content-Type: application/json"]),
    "protobuf": faulty.answer("200 OK", b"\x0a\x00", ["Content-Type: application/x-protobuf"]),
    "an aggregator": faulty.answer("200 OK", b"ok"),
    "an empty answer of a type": faulty.answer("200 OK", b"", HTML),
}


@pytest.mark.parametrize("path", TARGETS)
@pytest.mark.parametrize("kind", NO_RECEIVERS)
def test_success_of_no_receiver_is_no_delivery(pushmetrics, kind, path):
    behaviour, reason = NO_RECEIVERS[kind]
    with FaultyServer(behaviour) as server:
        url = TARGETS[path] + server.url + path
        result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", url)
        assert result.status == 1 and reason in result.messages[0] and result.messages[0].endswith("; spooled")
        assert re.search("^hint: ", result.stderr, re.M)
        assert len(server.times) == 1
        strict = pushmetrics("run", "--require-push", "-j", "x", "--url", url, "--", "true")
        assert strict.status == 125
        flush = pushmetrics("flush")
        assert flush.status == 1 and reason in flush.stderr
        server.behaviour = faulty.answer("204 No Content")
        assert pushmetrics("flush").status == 0
        bodies = len(server.requests)
        assert pushmetrics("flush").status == 0 and len(server.requests) == bodies


@pytest.mark.parametrize("path", TARGETS)
@pytest.mark.parametrize("kind", RECEIVERS)
def test_what_receivers_answer_is_a_delivery(pushmetrics, kind, path):
    with FaultyServer(RECEIVERS[kind]) as server:
        result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", TARGETS[path] + server.url + path)
    assert (result.status, result.stderr) == (0, "")


@pytest.mark.parametrize("kind", NO_RECEIVERS)
def test_no_receiver_deletes_nothing(pushmetrics, kind):
    behaviour, reason = NO_RECEIVERS[kind]
    with FaultyServer(behaviour) as server:
        deleted = pushmetrics("delete", "-j", "x", "--url", server.url)
        assert (deleted.status, deleted.stdout) == (1, "") and reason in deleted.stderr
        wiped = pushmetrics("wipe", "--yes", "--url", server.url)
        assert wiped.status == 1 and reason in wiped.stderr
        for command in (["prune", "--older-than", "1h"], ["list"], ["delete", "--match", "job=*", "--yes"]):
            result = pushmetrics(*command, "--url", server.url)
            assert result.status == 1, command
            assert "not a Pushgateway's list" in result.stderr or reason in result.stderr, command


def test_the_other_target_gets_the_push(pushmetrics, gateway):
    with FaultyServer(faulty.answer("200 OK", PAGE, HTML)) as server:
        result = pushmetrics("push", "-j", "both", "-m", "a=1", "--url", server.url, "--url", gateway.url)
    assert result.status == 1 and len(result.messages) == 1
    assert gateway.group("both").values["a"] == 1


def answers_early(keep):
    """Answers as soon as it has the head; `keep`: and reads no further, instead of closing the connection."""

    def behaviour(connection):
        connection.socket.recv(200)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        gone = select.poll()
        gone.register(connection.socket, select.POLLRDHUP)
        while keep and not connection.stop.is_set() and not gone.poll(50):
            pass

    return behaviour


@pytest.fixture(scope="module")
def incompressible():
    """More than the buffers of a connection take at once."""
    digits = random.Random(1)
    return "".join(f'a{{n="{digits.getrandbits(256):x}"}} 0.{digits.getrandbits(60)}\n' for _ in range(20000))


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("url", ["{}", "{}/api/v1/import/prometheus", "otlp+{}", "remote-write+{}"])
def test_an_answer_before_the_body_was_sent_is_no_delivery(pushmetrics, incompressible, url, keep):
    with FaultyServer(answers_early(keep)) as server:
        result = pushmetrics("push", "-j", "x", "--retries", "0", "--url", url.format(server.url), input=incompressible)
        assert result.status == 1 and "; spooled" in result.stderr
        # The system may report the end of the connection before the answer.
        assert "200 before it had received the body" in result.stderr or not keep
        flushed = pushmetrics("flush", "--retries", "0")
        assert flushed.status == 1 and "200 before it had received the body" in flushed.stderr or not keep


def test_an_answer_before_the_body_was_read_is_no_delivery_through_a_socket(pushmetrics, incompressible, tmp_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen()
    with FaultyServer(answers_early(keep=True), listener):
        result = pushmetrics("push", "-j", "x", "--retries", "0", "--url", f"unix:{tmp_path}/s", input=incompressible)
    assert result.status == 1 and "200 before it had received the body" in result.stderr


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with (
        VictoriaMetrics(tmp_path_factory.mktemp("vm")) as victoria,
        Prometheus(tmp_path_factory.mktemp("prometheus")) as prometheus,
        Gateway(tmp_path_factory.mktemp("other")) as gateway,
    ):
        yield {"victoria": victoria.url, "prometheus": prometheus.url, "gateway": gateway.url}


ADDRESSES = {
    "{victoria}": "{victoria}/api/v1/import/prometheus",
    "{victoria}/metrics": "{victoria}/api/v1/import/prometheus",
    "{victoria}/api/v1/import": "{victoria}/api/v1/import/prometheus",
    "{victoria}/api/v1/write": "remote-write+{victoria}/api/v1/write",
    "otlp+{victoria}": "otlp+{victoria}/opentelemetry",
    "{prometheus}/api/v1/write": "remote-write+{prometheus}/api/v1/write",
    "{prometheus}/api/v1/push": "remote-write+{prometheus}/api/v1/push",
    "otlp+{prometheus}/api/v1/write": "remote-write+{prometheus}/api/v1/write",
    "{gateway}/metrics": "{gateway}",
    "remote-write+{gateway}/v1/metrics": "otlp+{gateway}/v1/metrics",
    "https://{victoria_address}/api/v1/import/prometheus": "{victoria}/api/v1/import/prometheus",
    "otlp+https://{gateway_address}": "otlp+{gateway}/v1/metrics",
    "remote-write+https://{prometheus_address}": "remote-write+{prometheus}/api/v1/write",
}


@pytest.mark.parametrize("wrong", ADDRESSES)
def test_a_wrong_address_keeps_the_push_and_names_the_right_one(pushmetrics, servers, wrong):
    places = servers | {f"{name}_address": url.removeprefix("http://") for name, url in servers.items()}
    url, right = wrong.format(**places), ADDRESSES[wrong].format(**places)
    result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", url)
    assert result.status == 1 and result.messages[0].endswith("; spooled")
    assert re.search(rf"^hint: .*\b{re.escape(right)}; then: ", result.stderr, re.M), result.stderr
    found = json.loads(pushmetrics("doctor", "--url", url, "--json").stdout)["findings"]
    remedies = [finding["remedy"] for finding in found if finding["status"] == "fail" and finding["target"]]
    assert any(remedy and remedy.endswith(right) for remedy in remedies), found


def test_remote_write_to_the_path_of_the_text_import_is_refused(pushmetrics, servers):
    result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", f"remote-write+{servers['victoria']}/api/v1/import/prometheus")
    assert result.status == 2 and "takes no remote write" in result.stderr


@pytest.mark.parametrize(
    "location",
    [
        "https://sso.example.org/oauth2/authorize?client_id=x&state=SECRET",
        "/login?next=SECRET",
        "https://u:SECRET@idp.example.org/auth/realms/x#SECRET",
        "/oauth2/sign_in?rd=SECRET",
    ],
)
def test_a_redirect_to_a_login_is_called_one_without_its_query(pushmetrics, location):
    with FaultyServer(faulty.answer("302 Found", b"", [f"Location: {location}"])) as server:
        result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", server.url)
    assert result.status == 1 and "302, a redirect to a login page, " in result.stderr
    assert "SECRET" not in result.stderr and "hint: give --user" in result.stderr


def test_another_redirect_names_the_url_to_push_to(pushmetrics):
    with FaultyServer(faulty.answer("308 x", b"", ["Location: https://gw.example/prefix/metrics/job/x?a=SECRET"])) as server:
        result = pushmetrics("push", "-j", "x", "-m", "a=1", "--url", server.url)
    assert "hint: push to https://gw.example/prefix; then: " in result.stderr and "SECRET" not in result.stderr
