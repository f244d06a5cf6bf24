"""What waits in the spool, and a new push beside it: one that is stuck holds up no other, and order holds in each group."""

import re
import socket

import pytest

from support import faulty_server as faulty
from support.faulty_server import FaultyServer
from support.program import finish
from support.servers import free_port, wait_until


def entries(spool):
    return sorted(spool.glob("*/*.push"), key=lambda path: path.name)


def jobs_in(spool):
    return sorted(re.search(r"^job (\S+)", path.read_text(), re.MULTILINE)[1] for path in entries(spool))


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def front(gateway):
    """The address of the module's gateway behind a server that is not there yet: see `at(front, behaviour)`."""
    gateway.wipe()
    return free_port()


@pytest.fixture
def at(front):
    """at(behaviour): a server at the front's address, for a `with`."""
    return lambda behaviour: FaultyServer(behaviour, socket.create_server(("127.0.0.1", front), backlog=64))


@pytest.fixture
def call(pushmetrics, front, spool):
    """call("run", …): a subcommand with this target and spool, that tries once."""

    def call(command, *args, **how):
        target = () if command == "flush" else ("--url", f"http://127.0.0.1:{front}")
        return pushmetrics(command, *target, "--spool", str(spool), "--retries", "0", *args, **how)

    return call


@pytest.fixture
def keep(call):
    """keep(job, metrics): a push that waits, since nobody listens."""

    def keep(job, text, *options):
        assert call("push", "-j", job, *options, input=text).status == 1

    return keep


def relay_except(gateway, job, fault):
    """Hands each request on to the gateway, except those for the group of this job."""
    requests = []
    hand_on = faulty.recording_relay(gateway.port, requests)

    def behaviour(connection):
        peeked = connection.socket.recv(200, socket.MSG_PEEK)
        (fault if f"/job/{job} ".encode() in peeked else hand_on)(connection)

    behaviour.requests = requests
    return behaviour


# What a single push can meet that is no fault of the others'.
STUCK = {
    "a dropped connection": faulty.half_closing,
    "a reset": faulty.reset,
    "no answer in time": faulty.silent,
    "429 for ever": faulty.answer("429 Too Many Requests", b"batch too large\n", ["Retry-After: 3600"]),
    "503": faulty.answer("503 Service Unavailable"),
    "401": faulty.answer("401 Unauthorized"),
    "400": faulty.answer("400 Bad Request", b"no\n"),
}


@pytest.mark.parametrize("fault", STUCK)
def test_one_stuck_push_holds_up_neither_the_next_nor_what_waits_behind_it(call, keep, at, gateway, spool, fault):
    keep("stuck", "x 1\n")
    keep("behind", "y 2\n")
    with at(relay_except(gateway, "stuck", STUCK[fault])):
        result = call("run", "-j", "new", "--push-timeout", "3s", "--", "sh", "-c", "exit 3")
    assert result.status == 3
    assert gateway.group("new").values["job_exit_code"] == 3
    assert gateway.group("behind").values["y"] == 2
    assert "job 'new'" not in result.stderr
    if fault == "400":
        assert entries(spool) == []
        assert "job 'stuck'" in result.stderr
    else:
        assert jobs_in(spool) == ["stuck"]
        assert result.stderr == ""


@pytest.mark.parametrize("fault", [fault for fault in STUCK if fault != "400"])
def test_flush_delivers_past_a_stuck_push_and_names_it(call, keep, at, gateway, spool, fault):
    keep("stuck", "x 1\n")
    keep("behind", "y 2\n")
    with at(relay_except(gateway, "stuck", STUCK[fault])):
        result = call("flush", "--push-timeout", "1s")
    assert result.status == 1
    assert gateway.group("behind").values["y"] == 2
    assert jobs_in(spool) == ["stuck"]
    assert "job 'stuck'" in result.stderr and "behind" not in result.stderr
    assert "1 push still waits in" in result.stderr


@pytest.mark.parametrize("fault", STUCK)
def test_a_push_is_told_with_its_own_error(call, keep, at, gateway, spool, fault):
    keep("waiting", "x 1\n")
    with at(relay_except(gateway, "new", STUCK[fault])):
        result = call("push", "-j", "new", "--push-timeout", "1s", input="y 2\n")
    assert result.status == 1
    (line,) = [line for line in result.stderr_lines if not line.startswith("hint: ")]
    assert "job 'new'" in line and "refused" not in line
    if fault != "no answer in time":  # which takes all the time there is
        assert gateway.group("waiting").values["x"] == 1
        assert jobs_in(spool) == ([] if fault == "400" else ["new"])


def test_a_push_that_its_own_group_held_up_is_tried_all_the_same(call, keep, at, gateway, spool):
    keep("grp", "only_old 1\nboth 1\n")
    large = faulty.answer("429 Too Many Requests", b"batch too large\n")

    def refuse_old(connection):
        hand_on = faulty.recording_relay(gateway.port, [])
        peeked = connection.socket.recv(65536, socket.MSG_PEEK)
        (large if b"only_old" in peeked else hand_on)(connection)

    with at(refuse_old):
        result = call("push", "-j", "grp", input="both 2\n")
        assert (result.status, result.stderr) == (0, "")
        assert gateway.group("grp").values["both"] == 2
        assert len(entries(spool)) == 1
    # What the newer push has not replaced is still delivered; what it has, is not any more.
    with at(faulty.recording_relay(gateway.port, [])):
        assert call("flush").status == 0
    assert gateway.group("grp").values["both"] == 2
    assert gateway.group("grp").values["only_old"] == 1


def test_what_a_newer_push_of_the_group_replaced_is_never_delivered_after_it(call, keep, at, gateway, spool):
    keep("grp", "a 1\nb 1\n")
    relayed = []
    with at(faulty.recording_relay(gateway.port, relayed)):
        assert call("push", "-j", "grp", input="a 2\nb 2\nc 2\n").status == 0
    assert entries(spool) == []
    assert len(relayed) == 1
    assert gateway.group("grp").values["a"] == 2


def test_a_replacement_that_waits_still_clears_the_group_but_undoes_nothing_newer(call, keep, at, gateway, spool):
    gateway.push("stale 1\n", "grp")
    keep("grp", "a 1\nb 1\n", "--replace")
    with at(faulty.recording_relay(gateway.port, [])):
        assert call("push", "-j", "grp", input="b 2\nc 2\n").status == 0
        call("flush")
    values = gateway.group("grp").values
    assert (values["a"], values["b"], values["c"]) == (1, 2, 2)
    assert "stale" not in values
    assert entries(spool) == []


def test_behind_a_push_that_stays_its_group_waits_in_order(call, keep, at, gateway, spool):
    keep("grp", "a 1\n")
    keep("grp", "b 2\n")
    keep("other", "c 3\n")
    requests = []

    def busy_for_a(connection):
        head, body = connection.read_request()
        requests.append(body)
        connection.send(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % (b"503 x" if b"a 1" in body else b"200 OK"))

    with at(busy_for_a):
        assert call("flush").status == 1
    assert jobs_in(spool) == ["grp", "grp"]
    assert not any(b"b 2" in body for body in requests)
    with at(faulty.recording_relay(gateway.port, requests)):
        assert call("flush").status == 0
    assert [body for _, body in requests[-2:]] == ["a 1\n", "b 2\n"]


def test_what_waits_does_not_eat_the_budget_of_the_new_push(call, keep, at, gateway, spool):
    for number in range(20):
        keep(f"old{number}", "x 1\n")

    def slow_for_old(connection):
        (faulty.silent if b"/job/old" in connection.socket.recv(200, socket.MSG_PEEK) else hand_on)(connection)

    def hand_on(connection):
        connection.stop.wait(0.7)
        faulty.recording_relay(gateway.port, [])(connection)

    with at(slow_for_old):
        result = call("run", "-j", "new", "--push-timeout", "2s", "--", "true")
    assert (result.status, result.stderr) == (0, "")
    assert gateway.group("new").values["job_success"] == 1
    assert result.elapsed < 2.4


def test_without_a_connection_no_further_push_is_tried(call, keep, at, spool):
    for number in range(30):
        keep(f"old{number}", "x 1\n")
    for path in entries(spool):
        text = path.read_text()
        assert text.count("target http:") == 1
    # TLS that is not established is no connection either.
    with FaultyServer(faulty.closing) as server:
        url = server.url.replace("http:", "https:")
        for number in range(30):
            call("push", "--url", url, "-j", f"secure{number}", input="x 1\n")
        before = len(server.times)
        result = call("flush", "--url", url)
        after = len(server.times)
    assert result.status == 1
    assert after - before <= 8, "each of a few that are under way at once may find out for itself"
    assert "30 pushes still wait in" in result.stderr
    assert len([line for line in result.stderr_lines if url in line]) <= 2


def test_overlapping_runs_in_an_outage_are_delivered_in_the_order_of_their_ends(
    call, pushmetrics, front, at, gateway, spool
):
    """The older end is spooled last, since its push was tried for longer."""
    options = ("run", "--url", f"http://127.0.0.1:{front}", "--spool", str(spool), "--retries", "0", "-j", "grp")
    with at(faulty.silent) as server:
        patient = pushmetrics.spawn(*options, "--push-timeout", "2s", "-m", "end=1", "-m", "first=1", "--", "true")
        wait_until(lambda: server.times)
        assert call("run", "-j", "grp", "--push-timeout", "100ms", "-m", "end=2", "--", "true").status == 0
        assert jobs_in(spool) == ["grp"]
        assert finish(patient).status == 0
    relayed = []
    with at(faulty.recording_relay(gateway.port, relayed)):
        assert call("flush").status == 0
    assert gateway.group("grp").values["end"] == 2
    assert gateway.group("grp").values["first"] == 1
    ends = [re.search(r"^end (\d)", body, re.MULTILINE)[1] for _, body in relayed]
    assert ends == sorted(ends)
