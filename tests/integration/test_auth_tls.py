"""Authentication, TLS, proxies, Unix sockets and IPv6, against a real nginx before a real Pushgateway."""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import time

import pytest

from support import faulty_server as faulty
from support.certificates import Authority, openssl
from support.faulty_server import FaultyServer
from support.jobs import sh
from support.program import BINARY, finish
from support.servers import Nginx, free_port, http
from support.terminal import Terminal

SECRET = "s3cret/w:rd@%"
JOB = sh("exit 3")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture
def nginx(gateway, tmp_path):
    """nginx(block, …): an nginx that hands on to the gateway what `block` lets through."""
    with contextlib.ExitStack() as servers:

        def nginx(block="", listen_options="", location=""):
            block += f"\nlocation / {{ {location} proxy_pass {gateway.url}; }}"
            directory = tmp_path / f"nginx-{time.monotonic_ns()}"
            return servers.enter_context(Nginx(directory, block, listen_options))

        yield nginx


@pytest.fixture
def tls(nginx):
    """tls(certificate, block): an nginx that shows this certificate."""

    def tls(certificate, block="", options="ssl"):
        pem, key = certificate
        server = nginx(f"ssl_certificate {pem}; ssl_certificate_key {key};\n{block}", options)
        return server, f"https://127.0.0.1:{server.port}"

    return tls


@pytest.fixture
def push(pushmetrics, gateway):
    """push(url, *options): a run whose job exits 3. It has arrived, without a word, or else one line says why."""
    gateway.wipe()

    def push(url, *options, job=JOB, **how):
        result = pushmetrics("run", "--url", url, "--push-timeout", "3s", *options, "-j", "auth", "--", *job, **how)
        assert result.status == 3
        assert SECRET not in result.stderr
        if not result.stderr:
            assert gateway.group("auth").values["job_exit_code"] == 3
        return result

    return push


def assert_delivered(result):
    assert result.stderr == ""


def reason(result, attempts=1):
    """Of the loss that the only line tells."""
    assert len(result.messages) == 1, result.stderr
    match = re.search(
        r"not pushed to (?:https?|unix):[^ ]*: (.*) \((\d+) attempts? in [^ ]+\); (?:spooled|discarded)$", result.stderr, re.M
    )
    assert match, result.stderr
    if attempts is not None:
        assert int(match[2]) == attempts, result.stderr
    return match[1]


def secret_file(tmp_path, text=SECRET + "\n", mode=0o600):
    file = tmp_path / "secret"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


# ---- who we are ----


@pytest.fixture
def basic(nginx, tmp_path):
    """Where `jörg` and SECRET are asked for."""
    hashed = subprocess.run(["openssl", "passwd", "-apr1", SECRET], capture_output=True, text=True, check=True).stdout
    (tmp_path / "users").write_text(f"jörg:{hashed}")
    return nginx(f'auth_basic "x"; auth_basic_user_file {tmp_path / "users"};')


def test_user_and_password_file(basic, push, tmp_path):
    assert_delivered(push(basic.url, "--user", "jörg", "--password-file", secret_file(tmp_path)))


def test_user_and_password_from_the_environment(basic, push):
    assert_delivered(push(basic.url, env={"PUSHMETRICS_USER": "jörg", "PUSHMETRICS_PASSWORD": SECRET}))


def test_user_and_password_in_the_url_are_decoded_and_not_shown(basic, push):
    url = basic.url.replace("//", "//j%C3%B6rg:s3cret%2Fw%3Ard%40%25@")
    assert_delivered(push(url))
    result = push(url.replace("s3cret", "wrong"))
    assert "wrong" not in result.stderr and "j%C3" not in result.stderr
    assert basic.url + ": the server answered 401" in result.stderr


def test_a_user_in_the_url_goes_with_the_password_from_a_file(basic, push, tmp_path):
    url = basic.url.replace("//", "//j%C3%B6rg@")
    assert_delivered(push(url, "--user", "other", "--password-file", secret_file(tmp_path)))


def test_a_wrong_password_is_told_once(basic, push, tmp_path):
    result = push(basic.url, "--user", "jörg", "--password-file", secret_file(tmp_path, "wrong"))
    assert reason(result) == "the server answered 401 Authorization Required"


def test_what_a_wrong_password_kept_back_goes_out_with_the_right_one(basic, pushmetrics, gateway):
    def run(job, password):
        env = {"PUSHMETRICS_USER": "jörg", "PUSHMETRICS_PASSWORD": password}
        return pushmetrics("run", "--url", basic.url, "-j", job, "--", *JOB, env=env)

    result = run("kept back", "wrong")
    assert "401" in result.stderr and "; spooled" in result.stderr
    assert gateway.find("kept back") is None
    assert_delivered(run("right", SECRET))
    assert gateway.group("kept back").values["job_exit_code"] == 3
    assert gateway.group("right").values["job_exit_code"] == 3


def test_a_password_file_that_others_can_read_is_warned_of(basic, push, tmp_path):
    file = secret_file(tmp_path, mode=0o644)
    result = push(basic.url, "--user", "jörg", "--password-file", file)
    assert result.stderr == f"pushmetrics: other users can read the secret in {file}: chmod 600 it\n"


def test_a_password_out_of_a_fifo_may_take_a_while(basic, push, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    with subprocess.Popen(["sh", "-c", f'sleep 0.3; printf %s "$0" >{fifo}', SECRET]) as writer:
        assert_delivered(push(basic.url, "--user", "jörg", "--password-file", str(fifo)))
        writer.wait(timeout=10)
    result = push(basic.url, "--user", "jörg", "--password-file", str(fifo))
    assert f"{fifo} cannot be read: nothing came out of it within 2s" in result.stderr


def test_a_password_file_that_is_missing_is_told_and_costs_the_push_alone(basic, push, tmp_path):
    result = push(basic.url, "--user", "jörg", "--password-file", str(tmp_path / "none"))
    assert f"pushmetrics: {tmp_path / 'none'} cannot be read: " in result.stderr
    assert "the server answered 401" in result.stderr


@pytest.fixture
def bearer(nginx):
    return nginx(f'if ($http_authorization != "Bearer {SECRET}") {{ return 401; }}')


def test_a_bearer_token_file(bearer, push, tmp_path):
    assert_delivered(push(bearer.url, "--bearer-token-file", secret_file(tmp_path)))


def test_a_long_bearer_token_is_sent_whole(pushmetrics, tmp_path):
    def push(token):
        options = ("--bearer-token-file", secret_file(tmp_path, token))
        return pushmetrics("push", "--url", server.url, "--no-spool", "-j", "auth", "-m", "x=1", *options)

    with FaultyServer(faulty.answer(200)) as server:
        assert_delivered(push("t" * 20_000 + "\n"))
        too_long = push("t" * 80_000)
    assert f"Authorization: Bearer {'t' * 20_000}\r\n" in server.requests[0][0]
    assert "cannot be read: its first line is longer than 64 KiB" in too_long.stderr


def test_a_bearer_token_from_the_environment(bearer, push):
    assert_delivered(push(bearer.url, env={"PUSHMETRICS_BEARER_TOKEN": SECRET}))


def test_headers_are_sent(nginx, push):
    server = nginx('if ($http_x_scope_orgid != "tenant 1") { return 403; }')
    assert_delivered(push(server.url, "-H", "X-Scope-OrgID: tenant 1", "--header", "X-Other: y"))
    assert reason(push(server.url)) == "the server answered 403 Forbidden"


@pytest.mark.parametrize("header", ["no colon", ": no name", "two words: x", "a: b\nc: d", "ä: x"])
def test_what_is_no_header_is_a_mistake_and_not_repeated(pushmetrics, header):
    result = pushmetrics("run", "-H", header, "--", "true")
    assert result.status == 125
    assert "invalid header: write 'Name: value', on one line" in result.stderr and header not in result.stderr


def test_a_header_takes_the_place_of_ours(push, gateway):
    with FaultyServer(faulty.answer("400 x")) as server:
        push(server.url, "-H", "content-type: text/other", "-H", "User-Agent: me")
    head = server.requests[0][0]
    assert re.findall(r"(?i)\r\ncontent-type: *(.*)\r", head) == ["text/other"]
    assert re.findall(r"(?i)\r\nuser-agent: *(.*)\r", head) == ["me"]


def test_no_secret_reaches_the_job_or_is_spoken_of(basic, pushmetrics, tmp_path):
    job = sh('cat "/proc/$PPID/cmdline"; env')
    url = basic.url.replace("//", "//j%C3%B6rg:s3cret%2Fw%3Ard%40%25@")
    env = {"PUSHMETRICS_URL": url, "PUSHMETRICS_PASSWORD": SECRET, "PUSHMETRICS_BEARER_TOKEN": SECRET}
    result = pushmetrics("run", "-v", "-j", "auth", "--", *job, env=env)
    assert result.status == 0
    assert "s3cret" not in result.stdout + result.stderr
    assert f"pushed to {basic.url}\n" in result.stderr


# What has an @ and no scheme may be the rest of a password, and what stands before it the beginning.
@pytest.mark.parametrize(
    "url, left",
    [("http://u:s3#cret@{}", "http://gw:1"), ("http://u:s3 cret@{}", "http://gw:1"), ("u:s3cret@{}", "")],
)
def test_no_secret_reaches_the_job_in_what_is_no_url(pushmetrics, url, left):
    env = {"PUSHGATEWAY_URL": "http://gw:1 " + url.format("gw:2"), "PUSHMETRICS_HEADER": "X: s3cret"}
    job = pushmetrics("run", "--url", "stdout:", "-q", "--", "env", env=env).stdout.splitlines()
    assert [line for line in job if line.startswith("PUSH") and "_FILE" not in line] == [f"PUSHGATEWAY_URL={left}"]


def test_a_url_of_the_job_s_own_reaches_it_as_it_is(pushmetrics):
    url = "gw:9091/metrics?x=1"
    job = pushmetrics("run", "--url", "stdout:", "-q", "--", "env", env={"PUSHGATEWAY_URL": url}).stdout
    assert f"PUSHGATEWAY_URL={url}\n" in job


def test_a_password_without_a_user_is_told_of(pushmetrics, gateway):
    result = pushmetrics("push", "--url", gateway.url, "-j", "x", "-m", "x=1", env={"PUSHMETRICS_PASSWORD": SECRET})
    assert result.status == 0 and "without --user it is not sent" in result.stderr


@pytest.mark.parametrize("option", ["--cacert", "--cert", "SSL_CERT_FILE"])
def test_a_certificate_s_file_that_never_ends_is_not_waited_for(pushmetrics, tmp_path, option):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    options = [option, str(fifo)] if option.startswith("--") else []
    env = {} if options else {option: str(fifo)}
    url = f"https://127.0.0.1:{free_port()}"
    result = pushmetrics("run", "--url", url, *options, "--no-spool", "--", *JOB, env=env)
    assert result.status == 3 and f"{fifo} is not a file" in result.stderr


def test_a_redirect_does_not_carry_secrets_on(nginx, push):
    with FaultyServer(faulty.answer("200 OK")) as other:
        server = nginx(location=f"return 307 {other.url}/stolen;")
        result = push(server.url, env={"PUSHMETRICS_USER": "jörg", "PUSHMETRICS_PASSWORD": SECRET})
        assert reason(result).startswith(f"the server answered 307, a redirect to {other.url}/stolen, ")
        assert other.requests == []


# ---- who the server is ----


def test_an_own_authority_is_trusted_when_it_is_named(tls, authority, push):
    _, url = tls(authority.issue("server"))
    assert_delivered(push(url, "--cacert", str(authority.certificate)))
    assert_delivered(push(url, env={"SSL_CERT_FILE": str(authority.certificate)}))
    assert_delivered(push(url.replace("127.0.0.1", "localhost"), "--cacert", str(authority.certificate)))


def test_an_unknown_authority_is_refused_and_named_so(tls, authority, push):
    server, url = tls(authority.issue("server"))
    message = reason(push(url))
    assert message.startswith("the server's certificate is of an unknown authority (")
    assert message.endswith("): name its authority with --cacert")
    assert server.access_log() == []


def test_a_self_signed_certificate_is_refused_until_it_is_trusted(tls, tmp_path, push):
    pem, key = tmp_path / "self.pem", tmp_path / "self.key"
    names = ["-subj", "/CN=self", "-addext", "subjectAltName = IP:127.0.0.1"]
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, *names, cwd=tmp_path)
    _, url = tls((pem, key))
    assert "self-signed certificate" in reason(push(url))
    assert_delivered(push(url, "--cacert", str(pem)))


def test_an_expired_certificate_is_refused_and_named_so(tls, authority, push):
    _, url = tls(authority.issue("expired", start="20200101000000Z", end="20200201000000Z"))
    assert reason(push(url, "--cacert", str(authority.certificate))) == "the server's certificate has expired"


def test_a_certificate_of_tomorrow_is_refused_and_named_so(tls, authority, push):
    _, url = tls(authority.issue("tomorrow", start="20990101000000Z"))
    message = reason(push(url, "--cacert", str(authority.certificate)))
    assert message == "the server's certificate is not valid yet, by this machine's clock"


def test_a_certificate_for_another_host_is_refused_and_its_names_told(tls, authority, push):
    server, url = tls(authority.issue("other", names=("DNS:gw.example", "DNS:*.prod.example", "IP:10.1.2.3")))
    message = reason(push(url.replace("127.0.0.1", "localhost"), "--cacert", str(authority.certificate)))
    assert message == "the server's certificate is not for 'localhost' but for gw.example, *.prod.example, 10.1.2.3"
    message = reason(push(url, "--cacert", str(authority.certificate)))
    assert message == "the server's certificate is not for '127.0.0.1' but for gw.example, *.prod.example, 10.1.2.3"
    assert server.access_log() == []


def test_insecure_pushes_all_the_same_and_warns(tls, authority, push, gateway):
    _, url = tls(authority.issue("expired", names=("DNS:gw.example",), start="20200101000000Z", end="20200201000000Z"))
    result = push(url, "--insecure")
    assert result.stderr == "pushmetrics: --insecure: the server's certificate is not verified\n"
    assert gateway.group("auth").values["job_exit_code"] == 3


def test_a_file_of_authorities_that_is_missing_is_told(tls, authority, push):
    _, url = tls(authority.issue("server"))
    assert "/no/such/ca.pem" in reason(push(url, "--cacert", "/no/such/ca.pem"))


def test_a_server_without_tls_is_told(nginx, push):
    server = nginx()
    message = reason(push(server.url.replace("http:", "https:"), "--retries", "0"))
    assert message.startswith("no TLS connection: ")


def test_a_server_with_tls_that_is_spoken_to_without_is_told_with_the_cure(tls, authority, push):
    _, url = tls(authority.issue("server"))
    message = reason(push(url.replace("https:", "http:")))
    assert message.startswith("the server answered 400 The plain HTTP request was sent to HTTPS port")


def test_the_hint_names_the_url_with_the_scheme_that_is_meant(nginx, tls, authority, push):
    plain = nginx().url
    result = push(plain.replace("http:", "https:"))
    assert f"\nhint: the server does not speak TLS there: write {plain}; then: " in result.stderr
    _, url = tls(authority.issue("server"))
    result = push(url.replace("https:", "http:"))
    assert f"\nhint: the server speaks TLS there: write {url}; then: " in result.stderr


def test_a_reset_in_the_handshake_is_retried(push):
    with FaultyServer(faulty.closing) as server:
        message = reason(push(server.url.replace("http:", "https:"), "--retries", "1"), attempts=2)
    assert "reset" in message


# ---- our certificate ----


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_client_certificate(tls, authority, push, version):
    block = f"ssl_client_certificate {authority.certificate}; ssl_verify_client on; ssl_protocols {version};"
    _, url = tls(authority.issue("server"), block)
    trust = ["--cacert", str(authority.certificate)]
    pem, key = map(str, authority.issue("client", names=()))
    assert_delivered(push(url, *trust, "--cert", pem, "--key", key))
    assert reason(push(url, *trust)) == "the server answered 400 No required SSL certificate was sent"


def test_a_client_certificate_that_a_server_asks_for_in_the_handshake(authority, push, tmp_path):
    pem, key = map(str, authority.issue("server"))
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", pem, "-key", key, "-quiet", "-www"]
    command += ["-Verify", "1", "-verify_return_error", "-CAfile", str(authority.certificate)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            result = push(f"https://127.0.0.1:{port}", "--cacert", str(authority.certificate))
        finally:
            server.terminate()
    assert reason(result) == "the server wants a client certificate: see --cert and --key"


def wait_for_port(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)


def test_a_certificate_file_that_is_missing_is_told(tls, authority, push):
    _, url = tls(authority.issue("server"))
    result = push(url, "--cacert", str(authority.certificate), "--cert", "/no/such/client.pem")
    assert "/no/such/client.pem" in reason(result) or "client certificate" in reason(result)


def test_an_encrypted_key_is_an_error_and_no_question_on_the_terminal(tls, authority, tmp_path, pushmetrics):
    _, url = tls(authority.issue("server"))
    pem, key = authority.issue("client", names=())
    locked = tmp_path / "locked.key"
    openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:x", "-in", key, "-out", locked, cwd=tmp_path)
    options = ["--url", url, "--cacert", str(authority.certificate), "--cert", str(pem), "--key", str(locked)]
    command = [BINARY, "run", *options, "-j", "auth", "--", *JOB]
    with contextlib.closing(Terminal(command, pushmetrics.environment, pushmetrics.home)) as terminal:
        said = terminal.expect(r"pushmetrics: .*\(1 attempt in .*\)", 10)[0]
        assert terminal.process.wait(5) == 3
    assert "pass phrase" not in said.split("pushmetrics:")[0]


# ---- how we get there ----


def test_http_2_is_spoken_over_tls(tls, authority, push):
    server, url = tls(authority.issue("server"), options="ssl http2")
    assert_delivered(push(url, "--cacert", str(authority.certificate)))
    assert '"POST /metrics/job/auth HTTP/2.0" 200' in server.last_request()


def test_a_large_body_goes_over_http_2(tls, authority, pushmetrics, gateway):
    gateway.wipe()
    _, url = tls(authority.issue("server"), options="ssl http2")
    text = "".join(f'large{{n="{n}"}} {n}\n' for n in range(50000))
    result = pushmetrics("push", "--url", url, "--cacert", str(authority.certificate), "-j", "large", input=text)
    assert (result.status, result.stderr) == (0, "")
    assert gateway.group("large")["large"].value_of(n="49999") == 49999


def test_a_unix_socket(nginx, push, tmp_path):
    path = tmp_path / "gw.sock"
    server = nginx(f"listen unix:{path};")
    assert_delivered(push(f"unix:{path}"))
    assert "POST /metrics/job/auth" in server.last_request()


def test_a_unix_socket_with_a_prefix(nginx, push, tmp_path, gateway):
    path = tmp_path / "gw.sock"
    nginx(f"listen unix:{path}; location /some/prefix/ {{ proxy_pass {gateway.url}/; }}", location="return 404;")
    assert_delivered(push(f"unix:{path}:/some/prefix"))


def test_a_unix_socket_that_is_missing_is_told(push, tmp_path):
    assert reason(push(f"unix:{tmp_path}/none.sock"), attempts=None) == "no such file or directory"


def test_ipv6(nginx, push):
    port = free_port()
    nginx(f"listen [::1]:{port};")
    assert_delivered(push(f"http://[::1]:{port}"))


def test_a_proxy_of_the_environment_is_used(nginx, push, gateway):
    proxy = nginx()
    assert_delivered(push("http://gateway.invalid:9091", env={"http_proxy": proxy.url}))
    assert '"POST http://gateway.invalid:9091/metrics/job/auth HTTP/1.1" 200' in proxy.last_request()


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_obeyed(push, gateway, variable):
    env = {"http_proxy": f"http://127.0.0.1:{free_port()}", variable: "127.0.0.1,localhost"}
    assert_delivered(push(gateway.url, env=env))


def test_a_gateway_that_takes_no_gzip_gets_a_large_body_plain(nginx, pushmetrics, gateway):
    """Pushgateway before 1.5 does not look at Content-Encoding."""
    server = nginx(location='proxy_set_header Content-Encoding "";')
    lines = "".join(f'large{{n="{n:0100}"}} {n}\n' for n in range(1000))
    result = pushmetrics("push", "--url", server.url, "-j", "large", "--retries", "0", input=lines)
    assert (result.status, result.stderr) == (0, "")
    assert len(gateway.group("large")["large"].samples) == 1000
    assert len(server.access_log()) == 2


def test_a_unix_socket_is_not_reached_by_a_proxy(nginx, push, tmp_path):
    path = tmp_path / "gw.sock"
    nginx(f"listen unix:{path};")
    assert_delivered(push(f"unix:{path}", env={"http_proxy": f"http://127.0.0.1:{free_port()}"}))


def test_a_proxy_that_cannot_be_reached_is_named(push):
    port = free_port()
    env = {"http_proxy": f"http://user:{SECRET[:6]}@127.0.0.1:{port}"}
    result = push("http://gateway.invalid:9091", "--retries", "0", env=env)
    assert reason(result) == f"proxy 127.0.0.1:{port}: connection refused"
    assert SECRET[:6] not in result.stderr


@pytest.mark.parametrize(
    "proxy", ["http://user:S3C#RET@127.0.0.1:1", "http://user:S3C/RET@127.0.0.1:1", "socks9://user:S3CRET@127.0.0.1:1"]
)
def test_a_proxy_that_cannot_be_read_is_told_without_its_secrets(push, proxy):
    result = push("http://gateway.invalid:9091", "--retries", "0", env={"http_proxy": proxy})
    assert "proxy" in reason(result)
    assert "S3C" not in result.stderr and "RET" not in result.stderr


def test_a_proxy_that_refuses_is_told(push):
    with FaultyServer(faulty.answer("407 Proxy Authentication Required")) as proxy:
        result = push("https://gateway.invalid", "--retries", "0", env={"https_proxy": proxy.url})
    assert "407" in reason(result)


def test_a_crash_while_a_secret_is_known_leaves_no_core_file(pushmetrics, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = pushmetrics.spawn(
            "push", "--url", url, "-j", "x", "-m", "a=1", env={"PUSHMETRICS_PASSWORD": SECRET}, cwd=tmp_path,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
        with contextlib.closing(silent.accept()[0]) as connection:
            assert connection.recv(4) == b"POST"
            process.send_signal(signal.SIGSEGV)
            result = finish(process)
    assert (result.status, "internal error: it crashed" in result.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("core")] == []
