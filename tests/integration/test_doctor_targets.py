"""`pushmetrics doctor` on what is no Pushgateway."""

import os
import pathlib
import subprocess
import tempfile

import pytest

from support.doctor_findings import findings, worst
from support.faulty_server import FaultyServer
from support.program import finish
from support.servers import Prometheus


@pytest.fixture
def open_path():
    """A directory that is not, as pytest's are, below one that others cannot enter."""
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name)
        path.chmod(0o755)
        yield path


def test_a_textfile_directory_is_examined(pushmetrics, open_path):
    directory = open_path / "it's here"

    def doctor():
        return pushmetrics("doctor", "--url", f"textfile:{directory}", "--json")

    def mend(result):
        ((_, _, text),) = [finding for finding in findings(result, "directory") if finding[1] != "ok"]
        subprocess.run(["sh", "-c", text.split("run: ")[1]], check=True, timeout=20)

    missing = doctor()
    assert missing.status == 1 and worst(missing, "directory") == "fail"
    mend(missing)
    directory.chmod(0o711)
    closed = doctor()
    assert closed.status == 0 and worst(closed, "directory") == "warn"
    mend(closed)
    open_path.chmod(0o700)
    above = doctor()
    assert worst(above, "directory") == "warn" and f"{open_path} is closed to other users" in above.stdout
    mend(above)
    well = doctor()
    assert well.status == 0 and worst(well, "directory") == "ok"
    assert "--collector.textfile.directory" in well.stdout
    assert list(directory.iterdir()) == [], "it leaves nothing behind"
    directory.rmdir()
    directory.write_text("")
    assert worst(doctor(), "directory") == "fail"


def test_a_textfile_directory_that_cannot_be_written_is_told(pushmetrics, tmp_path):
    directory = tmp_path / "sealed"
    directory.mkdir(mode=0o555)
    # Root may write anywhere, unless that is taken from it.
    prefix = ["setpriv", "--bounding-set=-all", "--"] if os.geteuid() == 0 else []
    result = finish(pushmetrics.spawn("doctor", "--url", f"textfile:{directory}", "--json", prefix=prefix))
    assert result.status == 1 and worst(result, "directory") == "fail"
    assert "Permission denied" in findings(result, "directory")[0][2]


def test_a_remote_write_receiver_is_examined(pushmetrics, tmp_path):
    with Prometheus(tmp_path / "on") as on, Prometheus(tmp_path / "off", options=()) as off:
        taken = pushmetrics("doctor", "--url", f"remote-write+{on.url}", "--json")
        refused = pushmetrics("doctor", "--url", f"remote-write+{off.url}", "--json")
        assert on.query('{job="pushmetrics_doctor"}') == []
    assert taken.status == 0
    for check in ("name", "connection", "authentication", "push"):
        assert worst(taken, check) == "ok", check
    assert refused.status == 1 and "remote-write-receiver" in findings(refused, "push")[0][2]
    gone = pushmetrics("doctor", "--url", f"remote-write+{off.url}", "--json")
    assert gone.status == 1 and worst(gone, "connection") == "fail" and findings(gone, "push") == []


@pytest.mark.parametrize(
    "status, worst_of",
    [
        ("200 OK", {"authentication": "ok", "push": "ok"}),
        ("400 Bad Request", {"authentication": "ok", "push": "warn"}),
        ("401 Unauthorized", {"authentication": "fail"}),
        ("403 Forbidden", {"authentication": "fail"}),
        ("404 Not Found", {"authentication": "ok", "push": "fail"}),
    ],
)
@pytest.mark.parametrize("protocol", ["otlp", "remote-write"])
def test_only_the_answer_to_a_write_counts(pushmetrics, protocol, status, worst_of):
    def answers(connection):
        head, _ = connection.read_request()
        said = status if head.startswith(b"POST") else "405 Method Not Allowed"
        connection.send(f"HTTP/1.1 {said}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())

    with FaultyServer(answers) as server:
        result = pushmetrics("doctor", "--url", f"{protocol}+{server.url}", "--json")
    found = {check: worst(result, check) for check, _, _ in findings(result) if check in ("authentication", "push")}
    assert found == worst_of
    assert result.status == (1 if "fail" in worst_of.values() else 0)


def test_opentelemetrys_variables_are_examined(pushmetrics):
    requests = []

    def takes(connection):
        requests.append(connection.read_request()[0].decode())
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    with FaultyServer(takes) as server:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url, "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=7"}
        result = pushmetrics("doctor", "--url", "otlp:", "--json", env=environment)
        assert result.status == 0 and worst(result, "push") == "ok"
        assert all("x-tenant: 7" in request for request in requests)
        environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc"
        result = pushmetrics("doctor", "--url", "otlp:", "--json", env=environment)
    assert result.status == 1 and "PROTOCOL is grpc" in findings(result, "push")[0][2]
