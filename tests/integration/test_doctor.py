"""`pushmetrics doctor` names what is wrong, and what it says mends it."""

import base64
import json
import os
import pathlib
import re
import subprocess
import time

import pytest
from support.doctor_findings import findings, worst
from support.group_work import VERSIONS, FakeGateway, forwarding_to, gateways, held, put_group
from support.program import BINARY
from support.servers import Nginx, VictoriaMetrics, http, wait_until

gateway = pytest.fixture(scope="module", params=VERSIONS)(gateways)


@pytest.fixture(autouse=True)
def empty_gateway(gateway):
    gateway.wipe()


def test_all_is_well(gateway, pushmetrics):
    result = pushmetrics("doctor", "--url", gateway.url, "--json")
    assert (result.status, result.stderr) == (0, "")
    for check in ("configuration", "name", "connection", "authentication", "clock", "api", "metrics", "push"):
        assert worst(result, check) == "ok", check
    # 1.11.0 drops the connection where it should answer 400.
    assert worst(result, "version") == ("warn" if gateway.version == (1, 11, 0) else "ok")
    assert worst(result, "flags") == "warn" and "--persistence.file" in findings(result, "flags")[0][2]
    text = pushmetrics("doctor", "--url", gateway.url)
    assert text.status == 0 and "\x1b" not in text.stdout
    assert re.search(r"^\d+ ok$[\s\S]*^    push            would be taken$", text.stdout, re.M)
    assert held(gateway) == set(), "it leaves nothing behind"


def test_the_findings_are_grouped_the_worst_first_each_with_a_hint(gateway, pushmetrics):
    targets = ("--url", gateway.url, "--url", "http://127.0.0.1:1")
    result = pushmetrics("doctor", *targets, "--no-spool")
    assert result.status == 1
    parts = re.split(r"^(\d+) (fail|warn|ok)$", result.stdout, flags=re.M)
    assert parts[0] == "" and parts[2::3] == ["fail", "warn", "ok"]
    found = json.loads(pushmetrics("doctor", *targets, "--no-spool", "--json").stdout)["findings"]
    for number, level, text in zip(parts[1::3], parts[2::3], parts[3::3]):
        of_level = [one for one in found if one["status"] == level]
        lines = text.strip("\n").split("\n")
        headings = [line.strip() for line in lines if re.match("  [^ ]", line)]
        assert headings == list(dict.fromkeys(one["target"] or "this machine" for one in of_level))
        assert int(number) == len(of_level) == len(re.findall(r"^    [^ ]", text, re.M))
        hints = [line.strip() for line in lines if line.startswith(" " * 20 + "hint: ")]
        assert hints == [f"hint: {one['remedy']}" for one in of_level if level != "ok"]


@pytest.mark.parametrize(
    "poison",
    [
        [{"job": "bad", "x": b"\xff\xfe"}],
        [{"job": "bad", "x": b"it's \xff/\n%"}, {"job": "bad", "x": b"\xff\n"}],
        [{"job": "a", "env": "é"}, {"job": "a", "env": "é", "instance": ""}],
        [{"job": "a"}, {"job": "a", "instance": ""}, {"job": b"\x80"}, {"job": "b", "instance": "", "x": b"\xc3"}],
    ],
    ids=["bytes", "awkward bytes", "empty instance", "all at once"],
)
def test_a_poisoned_gateway_is_cleared_by_the_commands_that_are_printed(gateway, pushmetrics, poison):
    put_group(gateway, {"job": "good"})
    for labels in poison:
        put_group(gateway, labels)
    assert http("GET", gateway.url + "/metrics").status == 500
    result = pushmetrics("doctor", "--url", gateway.url)
    assert result.status == 1 and "would be taken" not in result.stdout
    commands = re.findall(r"^ +hint: run: ((?:pushmetrics delete|curl) .*?)(?: \(that is, DELETE .*)?$", result.stdout, re.M)
    assert commands
    environment = {**pushmetrics.environment, "PATH": f"{pathlib.Path(BINARY).parent}:{os.environ['PATH']}"}
    for command in commands:
        subprocess.run(["sh", "-c", command], env=environment, check=True, capture_output=True, timeout=20)
    wait_until(lambda: http("GET", gateway.url + "/metrics").status == 200)
    assert put_group(gateway, {"job": "good"}).status == 200
    assert pushmetrics("doctor", "--url", gateway.url).status == 0


def test_a_group_that_could_poison_is_warned_of(gateway, pushmetrics):
    put_group(gateway, {"job": "a", "instance": ""})
    result = pushmetrics("doctor", "--url", gateway.url, "--json")
    assert result.status == 0
    ((_, status, text),) = findings(result, "groups")
    assert status == "warn" and "-j a -i ''" in text and "/metrics/job/a/instance@base64/=" in text


@pytest.mark.parametrize(
    "url, check",
    [
        ("http://no-such-host.invalid", "name"),
        ("http://127.0.0.1:1", "connection"),
        ("unix:/nowhere/at/all", "connection"),
    ],
)
def test_a_gateway_that_cannot_be_reached_fails(pushmetrics, url, check):
    result = pushmetrics("doctor", "--url", url, "--json")
    assert result.status == 1
    assert worst(result, check) == "fail"


def test_a_proxy_that_cannot_be_read_is_what_is_to_be_mended(pushmetrics):
    env = {"http_proxy": "http://user:hush#hush@127.0.0.1:1"}
    result = pushmetrics("doctor", "--url", "http://gateway.invalid", "--json", env=env)
    assert "fix the proxy's variable" in result.stdout and "hush" not in result.stdout + result.stderr


def test_a_wrong_prefix_is_told(gateway, pushmetrics):
    result = pushmetrics("doctor", "--url", gateway.url + "/nothing", "--json")
    assert result.status == 1 and worst(result, "push") == "fail" and worst(result, "version") == "warn"


def test_each_value_is_shown_with_its_source_and_without_its_secret(gateway, pushmetrics):
    config = pushmetrics.home / "config/pushmetrics/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('retries = 1\nheader = "X-Key: hush"\n[run]\ntimeout = "soon"\n')
    url = gateway.url.replace("//", "//someone:hush@")
    result = pushmetrics("doctor", env={"PUSHMETRICS_URL": url, "PUSHMETRICS_BEARER_TOKEN": "hush"})
    assert result.status == 0
    assert "hush" not in result.stdout + result.stderr
    assert f"url = {gateway.url} (PUSHMETRICS_URL)" in result.stdout
    assert f"retries = 1 ({config}: retries)" in result.stdout
    assert f"header = *** ({config}: header)" in result.stdout
    assert re.search(r"^\d+ warn$[\s\S]*^    configuration   .*\btimeout: .*'soon'.*; run does without it$", result.stdout, re.M)
    config.write_text('retries = "many"\n')
    result = pushmetrics("doctor", "--url", gateway.url)
    assert result.status == 1
    assert re.search(r"^1 fail$[\s\S]*^    configuration   .*: retries: .*'many'.*\n +hint: fix it there$", result.stdout, re.M)


def certificate(directory, days):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
        + ["-days", str(days), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        cwd=directory,
        check=True,
        capture_output=True,
    )


def proxied(gateway, extra=""):
    return f"    {extra}\n    location / {{ proxy_pass {gateway.url}; }}"


def test_tls_and_its_expiry(gateway, pushmetrics, tmp_path):
    directory = tmp_path / "nginx"
    directory.mkdir()
    certificate(directory, 3)
    block = proxied(gateway, "ssl_certificate cert.pem; ssl_certificate_key key.pem;")
    with Nginx(directory, block, "ssl") as server:
        url = f"https://127.0.0.1:{server.port}"
        unknown = pushmetrics("doctor", "--url", url, "--json")
        known = pushmetrics("doctor", "--url", url, "--json", "--cacert", str(directory / "cert.pem"))
        unverified = pushmetrics("doctor", "--url", url, "--json", "--insecure")
        plain = pushmetrics("doctor", "--url", url.replace("https", "http"), "--json")
    assert unknown.status == 1 and "--cacert" in findings(unknown, "tls")[0][2]
    assert known.status == 0
    assert re.search(r"expires in (2d 2\dh|3d)", findings(known, "tls")[0][2])
    assert unverified.status == 0 and worst(unverified, "tls") == "warn"
    assert plain.status == 1
    encrypted_only = pushmetrics("doctor", "--url", gateway.url.replace("http", "https"), "--json")
    assert encrypted_only.status == 1 and worst(encrypted_only, "tls") == "fail"


def test_authentication(gateway, pushmetrics, tmp_path):
    credentials = base64.b64encode(b"someone:hush").decode()
    block = proxied(gateway, f'if ($http_authorization != "Basic {credentials}") {{ return 401; }}')
    with Nginx(tmp_path / "nginx", block) as server:
        refused = pushmetrics("doctor", "--url", server.url, "--json")
        arguments = ("doctor", "--url", server.url, "--json", "--user", "someone")
        taken = pushmetrics(*arguments, env={"PUSHMETRICS_PASSWORD": "hush"})
        wrong = pushmetrics(*arguments, env={"PUSHMETRICS_PASSWORD": "loud"})
    assert refused.status == 1 and "--password-file" in findings(refused, "authentication")[0][2]
    assert wrong.status == 1 and worst(wrong, "authentication") == "fail"
    assert taken.status == 0 and worst(taken, "authentication") == "ok"
    assert "hush" not in taken.stdout + taken.stderr


def test_a_push_that_is_not_permitted_fails(gateway, pushmetrics):
    forward = forwarding_to(gateway)
    read_only = lambda method, path, body: (403, b"no") if method != "GET" else forward(method, path, body)
    with FakeGateway(read_only) as fake:
        result = pushmetrics("doctor", "--url", fake.url, "--json")
    assert result.status == 1 and worst(result, "push") == "fail"
    assert {method for method, _ in fake.requests} == {"GET", "POST"}


def test_a_clock_that_is_off_is_told(gateway, pushmetrics):
    forward = forwarding_to(gateway)
    with FakeGateway(forward, date=time.time() - 3600) as fake:
        result = pushmetrics("doctor", "--url", fake.url, "--json")
    assert result.status == 0
    ((_, status, text),) = findings(result, "clock")
    assert status == "warn" and re.search(r"is (1h|59m 5\ds|1h 0?m?) ?behind", text)


def test_other_targets(pushmetrics, tmp_path):
    with VictoriaMetrics(tmp_path / "vm") as server:
        url = server.url + "/api/v1/import/prometheus"
        result = pushmetrics("doctor", "--url", url, "--url", "stdout:", "--json")
    assert result.status == 0
    assert [status for _, status, _ in findings(result, "push")] == ["ok", "ok"]


def test_a_spool_where_root_may_write_but_cannot_is_told(gateway, pushmetrics):
    result = pushmetrics("doctor", "--url", gateway.url, "--spool", "/proc/spool", "--json")
    assert worst(result, "spool") == "warn" and "cannot be written: /proc: " in result.stdout


def test_the_spool_is_examined(gateway, pushmetrics):
    spool = str(pushmetrics.home / "spool")
    empty = pushmetrics("doctor", "--url", gateway.url, "--spool", spool, "--json")
    assert worst(empty, "spool") == "ok"
    assert not os.path.exists(spool), "it leaves nothing behind"
    pushmetrics("run", "--url", "http://127.0.0.1:1", "--retries", "0", "--spool", spool, "-j", "x", "--", "true")
    waiting = pushmetrics("doctor", "--url", gateway.url, "--spool", spool, "--json")
    ((_, status, text),) = findings(waiting, "spool")
    assert (waiting.status, status) == (0, "warn") and text.startswith("1 push waits") and "flush" in text
    off = pushmetrics("doctor", "--url", gateway.url, "--no-spool", "--json")
    assert worst(off, "spool") == "warn"
