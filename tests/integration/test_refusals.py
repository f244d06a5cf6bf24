"""A push that a gateway refuses is explained, and the command that is printed clears the way."""

import email.utils
import re
import socket
import subprocess
import time

import pytest

from support.faulty_server import FaultyServer, answer, dropping_relay, half_closing, in_turn, relay, silent
from support.servers import Gateway

HISTOGRAM = '# TYPE s histogram\ns_bucket{le="+Inf"} 1\ns_sum 1\ns_count 1\n'


@pytest.fixture
def gateway(tmp_path):
    """One of its own for each test, since some are poisoned."""
    with Gateway(tmp_path / "gateway") as server:
        yield server


def post(gateway, path, text):
    gateway.request("POST", path, text.encode())


@pytest.fixture
def push(pushmetrics, gateway):
    def push(text, *options):
        return pushmetrics("push", "--url", gateway.url, "--no-spool", "-j", "mine", *options, input=text)

    return push


def clear(pushmetrics, stderr):
    """Executes what the message says."""
    (command,) = re.findall(r"clears it: (.*)", stderr)
    for part in command.split(" && "):
        done = pushmetrics("delete", *bash_words(part)[2:])
        assert done.status == 0, done.stderr


def bash_words(text):
    script = f"set -- {text}; printf '%s\\0' \"$@\""
    out = subprocess.run(["bash", "-c", script], capture_output=True, check=True, timeout=10).stdout
    return [word.decode(errors="surrogateescape") for word in out.split(b"\0")[:-1]]


CAUSES = {
    "another type": ([("/metrics/job/other", "# TYPE x gauge\nx 1\n")], "# TYPE x counter\nx 1\n", (), "x as gauge"),
    "a line end": (
        [("/metrics/job@base64/dHIK", "# TYPE x gauge\nx 1\n"), ("/metrics/job/tr", "z 1\n")],
        "# TYPE x counter\nx 1\n",
        (),
        "x as gauge",
    ),
    "untyped": ([("/metrics/job/other/a/b%20c", "x 1\n")], "# TYPE x gauge\nx 1\n", (), "x as untyped"),
    "part of a histogram": ([("/metrics/job/other", HISTOGRAM)], "# TYPE s_count gauge\ns_count 1\n", (), "histogram s"),
    "histogram of a part": ([("/metrics/job/other", "# TYPE s_count gauge\ns_count 1\n")], HISTOGRAM, (), "s_count"),
    "same series": ([("/metrics/job/mine", 'q{instance="i"} 1\n')], "q 1\n", ("-i", "i"), "very labels"),
    "empty instance": (
        [("/metrics/job/other", "z 1\n"), ("/metrics/job/other/instance@base64/=", "z 1\n")],
        "q 1\n",
        (),
        "empty instance",
    ),
    "not UTF-8": ([("/metrics/job@base64/_w", "z 1\n")], "q 1\n", (), "not UTF-8"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_is_in_the_way_is_named_and_can_be_cleared(pushmetrics, gateway, push, cause):
    held, text, options, words = CAUSES[cause]
    for path, body in held:
        post(gateway, path, body)
    refused = push(text, *options)
    assert refused.status == 1
    assert words in refused.stderr
    clear(pushmetrics, refused.stderr)
    again = push(text, *options)
    assert (again.status, again.stderr) == (0, "")


def test_a_metric_that_hides_the_labels_of_its_group_is_named(pushmetrics, gateway, push):
    post(gateway, "/metrics/job/other", "# TYPE labels counter\nlabels 1\n")
    refused = push("labels 2\n")
    assert refused.status == 1 and "labels as counter" in refused.stderr
    clear(pushmetrics, refused.stderr)
    assert push("labels 2\n").status == 0


def test_a_metric_of_the_gateway_itself_cannot_be_cleared(push):
    refused = push("# TYPE go_goroutines counter\ngo_goroutines 1\n")
    assert refused.status == 1
    assert "go_goroutines is a metric of the gateway itself, of type gauge" in refused.stderr
    assert "pushmetrics delete" not in refused.stderr


def test_a_run_is_explained_too_and_its_own_metrics_arrive(pushmetrics, gateway):
    post(gateway, "/metrics/job/other", "# TYPE files counter\nfiles 1\n")
    done = pushmetrics("run", "--url", gateway.url, "-j", "mine", "-m", "files=3", "--", "true")
    assert done.status == 0
    assert "files as counter" in done.stderr
    assert gateway.group("mine").values["job_success"] == 1
    clear(pushmetrics, done.stderr)
    assert pushmetrics("run", "--url", gateway.url, "-j", "mine", "-m", "files=3", "--", "true").stderr == ""


REFUSAL = b"pushed metrics are invalid\x1b[31m or inconsistent"


@pytest.mark.parametrize("api", ["not there", "no JSON", "silent"])
def test_without_the_api_the_servers_words_stand_alone_and_soon(pushmetrics, api):
    then = {"not there": answer(404), "no JSON": answer(200, b"<html>"), "silent": silent}[api]
    with FaultyServer(in_turn(answer(400, REFUSAL), then)) as server:
        done = pushmetrics("push", "--url", server.url, "--no-spool", "-j", "mine", input="x 1\n")
    assert done.status == 1
    (line,) = done.stderr_lines
    assert "invalid [31m or inconsistent" in line
    assert done.elapsed < 4


def test_the_explanation_stays_within_the_budget(pushmetrics):
    with FaultyServer(in_turn(answer(400, REFUSAL), silent)) as server:
        options = ("--no-spool", "--push-timeout", "500ms")
        done = pushmetrics("push", "--url", server.url, *options, "-j", "mine", input="x 1\n")
    assert done.status == 1
    assert done.elapsed < 1.5


@pytest.fixture
def dropping(gateway):
    """Pushgateway 1.11.0, which drops the connection where it should answer 400; at an address of its own."""
    with FaultyServer(dropping_relay(gateway.port)) as server:
        yield server


def test_a_connection_dropped_in_place_of_a_refusal_counts_as_one(pushmetrics, gateway, dropping, tmp_path):
    post(gateway, "/metrics/job/other", "# TYPE x gauge\nx 1\n")
    spool = tmp_path / "spool"
    options = ("--url", dropping.url, "--spool", str(spool))
    refused = pushmetrics("push", *options, "-j", "mine", input="# TYPE x counter\nx 1\n")
    assert refused.status == 1
    assert "x as gauge" in refused.stderr and "1.11.1" in refused.stderr
    assert list(spool.glob("*/*.push")) == []
    assert len([head for head, _ in dropping.requests if head.startswith("POST ")]) == 1, "it is tried again"
    clear(pushmetrics, refused.stderr.replace(dropping.url, gateway.url))
    again = pushmetrics("push", *options, "-j", "mine", input="# TYPE x counter\nx 1\n")
    assert (again.status, again.stderr) == (0, "")


def test_where_the_connection_is_dropped_the_runs_own_metrics_arrive(pushmetrics, gateway, dropping):
    post(gateway, "/metrics/job/other", "# TYPE files counter\nfiles 1\n")
    done = pushmetrics("run", "--url", dropping.url, "-j", "mine", "-m", "files=3", "--", "true")
    assert done.status == 0
    assert "files as counter" in done.stderr
    assert gateway.group("mine").values["job_success"] == 1


def test_a_push_that_waited_and_meets_a_dropped_connection_is_explained_and_holds_up_nothing(
    pushmetrics, gateway, tmp_path
):
    post(gateway, "/metrics/job/other", "# TYPE x gauge\nx 1\n")
    spool = ("--spool", str(tmp_path / "spool"), "--retries", "0")
    with FaultyServer(half_closing) as server:
        url = ("--url", server.url)
        pushmetrics("push", *url, *spool, "-j", "mine", "--push-timeout", "1s", input="# TYPE x counter\nx 1\n")
        server.behaviour = dropping_relay(gateway.port)
        done = pushmetrics("run", *url, *spool, "-j", "next", "--", "true")
    assert done.status == 0
    assert "job 'mine'" in done.stderr and "1.11.1" in done.stderr
    assert gateway.group("next").values["job_success"] == 1
    assert list(tmp_path.glob("spool/*/*.push")) == []


def test_an_old_failure_of_the_group_does_not_make_a_refusal_of_a_dropped_connection(pushmetrics, gateway, tmp_path):
    post(gateway, "/metrics/job/other", "# TYPE x gauge\nx 1\n")
    post(gateway, "/metrics/job/mine", "# TYPE x counter\nx 1\n")
    time.sleep(1.1)  # the gateway's clock is told in whole seconds
    with FaultyServer(dropping_pushes(gateway.port)) as server:
        options = ("--url", server.url, "--spool", str(tmp_path / "spool"), "--retries", "1")
        done = pushmetrics("push", *options, "-j", "mine", input="y 1\n")
    assert done.status == 1
    assert "the connection was closed without an answer" in done.stderr
    assert len(list(tmp_path.glob("spool/*/*.push"))) == 1


def dropping_pushes(port):
    """A gateway that crashes at each push, but answers questions."""
    hand_on = relay(port)

    def behaviour(connection):
        if connection.socket.recv(4, socket.MSG_PEEK).startswith(b"POST"):
            half_closing(connection)
        else:
            hand_on(connection)

    return behaviour


@pytest.mark.parametrize("clock", [-86400, 86400])
def test_a_dropped_connection_is_recognised_however_the_clocks_differ(pushmetrics, gateway, clock):
    post(gateway, "/metrics/job/other", "# TYPE x gauge\nx 1\n")
    with FaultyServer(shifted(dropping_relay(gateway.port), clock)) as server:
        options = ("--url", server.url, "--no-spool", "--retries", "0")
        done = pushmetrics("push", *options, "-j", "mine", input="# TYPE x counter\nx 1\n")
    assert done.status == 1
    assert "x as gauge" in done.stderr


def shifted(behaviour, seconds):
    """The same server with another clock."""

    class Shifted:
        def __init__(self, connection):
            self.connection = connection

        def __getattr__(self, name):
            return getattr(self.connection, name)

        def send(self, data):
            if not data:  # of a gateway that drops the connection itself
                return
            head, _, body = data.partition(b"\r\n\r\n")
            date = re.search(rb"(?im)^date: (.*?)\r?$", head)
            then = email.utils.parsedate_to_datetime(date[1].decode()).timestamp() + seconds
            head = head.replace(date[1], email.utils.formatdate(then, usegmt=True).encode())
            body = re.sub(rb'("push_failure_time_seconds":.*?"value":")([^"]*)"', move_time, body)
            head = re.sub(rb"(?i)content-length: \d+", b"Content-Length: %d" % len(body), head)
            self.connection.send(head + b"\r\n\r\n" + body)

    def move_time(found):
        value = float(found[2])
        return found[1] + (b"%r" % (value + seconds if value else 0.0)).replace(b"'", b"") + b'"'

    return lambda connection: behaviour(Shifted(connection))
