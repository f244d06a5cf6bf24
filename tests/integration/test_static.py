"""The static binary, in a directory that holds nothing else."""

import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import threading

import pytest

from support.program import BINARY, finish, need_root
from support.servers import Nginx

ORPHANS = r"""
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char** argv) {
  enum { count = 5 };
  pid_t* orphans = (pid_t*)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < count; ++i)
    if (fork() == 0) {
      const pid_t orphan = fork();
      if (orphan == 0)
        usleep(50000);  // by then the parent is dead
      else
        orphans[i] = orphan;
      _exit(0);
    }
  usleep(500000);
  int left = 0;
  for (int i = 0; i < count; ++i) left += orphans[i] <= 0 || kill(orphans[i], 0) == 0;  // a zombie would still be there
  if (argc > 1) kill(getpid(), atoi(argv[1]));
  return left;
}
"""


class Root:
    """A file system of its own for each call, with the binary and what a test adds."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "tmp").mkdir(parents=True)
        shutil.copy(BINARY, directory / "pushmetrics")

    def write(self, path, text):
        file = self.directory / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def __call__(self, *args, env=None, options=(), timeout=20):
        user = () if os.geteuid() == 0 else ("--map-root-user",)
        process = subprocess.Popen(
            [shutil.which("unshare"), *user, *options, f"--root={self.directory}", "--wd=/", "/pushmetrics", *args],
            env=env or {},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        return finish(process, timeout)

    def files(self):
        return sorted(str(path.relative_to(self.directory)) for path in self.directory.rglob("*") if path.is_file())


@pytest.fixture
def root(tmp_path):
    return Root(tmp_path / "root")


JOB = ("--", "/pushmetrics", "--version")


def test_it_needs_no_interpreter_and_no_library():
    binary = pathlib.Path(BINARY).read_bytes()
    (table,) = struct.unpack_from("<Q", binary, 0x20)
    size, count = struct.unpack_from("<HH", binary, 0x36)
    kinds = {struct.unpack_from("<I", binary, table + i * size)[0] for i in range(count)}
    assert kinds.isdisjoint({2, 3}), "a dynamic section, or an interpreter"
    assert "not a dynamic executable" in subprocess.run(["ldd", BINARY], capture_output=True, text=True).stderr


def test_it_is_at_most_9_megabytes():
    assert pathlib.Path(BINARY).stat().st_size <= 9_000_000


def test_it_does_not_tell_where_it_was_built():
    assert str(pathlib.Path(BINARY).parents[3]).encode() not in pathlib.Path(BINARY).read_bytes()


def test_it_runs_a_job_and_pushes(root, gateway):
    done = root("run", "--url", gateway.url, "--job", "alone", *JOB)
    assert (done.status, done.stderr) == (0, "")
    assert gateway.group("alone").values["job_success"] == 1
    assert root.files() == ["pushmetrics"]


def test_without_a_temporary_directory_it_says_that_the_jobs_own_metrics_are_discarded(root, gateway):
    (root.directory / "tmp").rmdir()
    done = root("run", "--url", gateway.url, "--job", "bare", *JOB)
    assert done.status == 0
    assert "job 'bare': the metrics it writes to PUSHMETRICS_FILE are discarded" in done.stderr
    assert gateway.group("bare").values["job_success"] == 1


def test_it_pushes_metrics(root, gateway):
    done = root("push", "--url", gateway.url, "--job", "metrics", "-m", "answer=42")
    assert (done.status, done.stderr) == (0, "")
    assert gateway.group("metrics").values["answer"] == 42


def test_a_gateway_that_is_gone_costs_the_job_nothing(root, gateway):
    done = root("run", "--url", "http://127.0.0.1:1", "--retries", "0", "--job", "alone", *JOB)
    assert done.status == 0
    assert "pushmetrics" in done.stdout
    assert "pushmetrics: " in done.stderr


@pytest.fixture(scope="module")
def secure(gateway, tmp_path_factory):
    """The gateway over TLS, under the names localhost and gateway.test; `.ca` is the certificate to trust."""
    directory = tmp_path_factory.mktemp("secure")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", "key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=gateway.test",
         "-addext", "subjectAltName=DNS:gateway.test,DNS:localhost,IP:127.0.0.1"],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip
    block = (
        "    ssl_certificate ca.pem;\n    ssl_certificate_key key.pem;\n"
        f"    location / {{ proxy_pass {gateway.url}; }}\n"
    )
    with Nginx(directory, block, "ssl") as server:
        server.ca = (directory / "ca.pem").read_text()
        yield server


def test_it_trusts_the_authority_that_is_given(root, secure, gateway):
    root.write("/ca.pem", secure.ca)
    done = root("run", "--url", f"https://127.0.0.1:{secure.port}", "--cacert", "/ca.pem", "--job", "tls", *JOB)
    assert (done.status, done.stderr) == (0, "")
    assert gateway.group("tls").values["job_success"] == 1


@pytest.mark.parametrize(
    "bundle",
    [
        "/etc/ssl/certs/ca-certificates.crt",  # Debian, distroless, Alpine
        "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
        "/etc/ssl/ca-bundle.pem",  # openSUSE
        "/etc/ssl/cert.pem",  # Alpine, BSD
        "/given/by/variable.pem",
    ],
)
def test_it_finds_the_authorities_of_the_system(root, secure, gateway, bundle):
    root.write(bundle, secure.ca)
    job = "bundle" + bundle.replace("/", "-")
    env = {"SSL_CERT_FILE": bundle} if bundle.startswith("/given") else {}
    done = root("run", "--url", f"https://127.0.0.1:{secure.port}", "--job", job, *JOB, env=env)
    assert (done.status, done.stderr) == (0, "")
    assert gateway.group(job).values["job_success"] == 1


def test_without_authorities_it_says_so_and_trusts_nobody(root, secure, gateway):
    done = root("run", "--url", f"https://127.0.0.1:{secure.port}", "--job", "untrusted", *JOB)
    assert done.status == 0
    assert "certificate" in done.stderr.lower()
    assert gateway.find("untrusted") is None


def serve(listener, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"):
    """Answers one request on a listening socket; the list that it returns will hold the request's head."""
    heads = []

    def answer_one():
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            head = connection.recv(1 << 16)
            heads.append(head.split(b"\r\n\r\n")[0].decode())
            connection.sendall(answer)

    threading.Thread(target=answer_one, daemon=True).start()
    return heads


def test_it_pushes_through_a_unix_socket(root):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root.directory / "gateway.sock"))
        listener.listen()
        heads = serve(listener)
        done = root("run", "--url", "unix:/gateway.sock", "--job", "socket", *JOB)
    assert (done.status, done.stderr) == (0, "")
    assert heads[0].startswith("POST /metrics/job/socket HTTP/1.1")


def test_it_pushes_through_a_proxy_as_somebody(root):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heads = serve(listener)
        environment = {"http_proxy": "http://127.0.0.1:%d" % listener.getsockname()[1], "PUSHMETRICS_PASSWORD": "p"}
        done = root("run", "--url", "http://gateway.invalid", "--user", "u", "--job", "proxied", *JOB, env=environment)
    assert (done.status, done.stderr) == (0, "")
    assert heads[0].startswith("POST http://gateway.invalid/metrics/job/proxied HTTP/1.1")
    assert "Authorization: Basic dTpw" in heads[0]


class Resolver:
    """A name server on 127.53.0.1:53 that knows one name."""

    address = "127.53.0.1"

    def __init__(self, name, ipv4):
        self.question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
        self.ipv4 = ipv4
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                query, sender = self.socket.recvfrom(512)
            except OSError:
                return
            self.asked += 1
            name = query[12:].split(b"\0")[0] + b"\0"
            question = query[12 : 12 + len(name) + 4]
            known = name == self.question
            answer = b""
            if known and question[-4:-2] == b"\0\x01":  # A
                answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04" + socket.inet_aton(self.ipv4)
            flags = 0x8180 if known else 0x8183
            header = query[:2] + struct.pack(">HHHHH", flags, 1, 1 if answer else 0, 0, 0)
            self.socket.sendto(header + question + answer, sender)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def test_it_asks_the_name_server(root, gateway):
    need_root("for a name server on port 53")
    root.write("/etc/resolv.conf", f"nameserver {Resolver.address}\n")
    with Resolver("gateway.test", "127.0.0.1") as resolver:
        done = root("run", "--url", f"http://gateway.test:{gateway.port}", "--job", "dns", *JOB)
    assert (done.status, done.stderr) == (0, "")
    assert resolver.asked > 0
    assert gateway.group("dns").values["job_success"] == 1


def test_modules_that_nsswitch_names_and_nobody_has_do_not_stand_in_the_way(root, gateway):
    root.write("/etc/nsswitch.conf", "hosts: mymachines mdns4_minimal [NOTFOUND=return] files resolve dns\n")
    root.write("/etc/hosts", "127.0.0.1 gateway.test\n")
    done = root("run", "--url", f"http://gateway.test:{gateway.port}", "--job", "hosts", *JOB)
    assert (done.status, done.stderr) == (0, "")
    assert gateway.group("hosts").values["job_success"] == 1


@pytest.fixture(scope="module")
def orphans(tmp_path_factory):
    directory = tmp_path_factory.mktemp("orphans")
    (directory / "orphans.c").write_text(ORPHANS)
    subprocess.run(["cc", "-static", "-O1", "orphans.c", "-o", "orphans"], cwd=directory, check=True)
    return directory / "orphans"


PID_1 = ("--pid", "--fork", "--kill-child")


def test_as_pid_1_it_reaps_orphans(root, gateway, orphans):
    shutil.copy(orphans, root.directory / "orphans")
    done = root("run", "--url", gateway.url, "--job", "init", "--", "/orphans", options=PID_1)
    assert (done.status, done.stderr) == (0, "")
    assert gateway.group("init").values["job_success"] == 1


def test_as_pid_1_it_exits_with_128_and_the_signal(root, gateway, orphans):
    shutil.copy(orphans, root.directory / "orphans")
    done = root("run", "--url", gateway.url, "--job", "killed", "--", "/orphans", "9", options=PID_1)
    assert done.status == 128 + signal.SIGKILL
    assert gateway.group("killed").values["job_exit_code"] == 128 + signal.SIGKILL


def test_it_answers_with_the_versions_of_its_libraries(root):
    done = root("--version")
    assert done.status == 0
    for name in ("pushmetrics", "commit", "libcurl", "OpenSSL"):
        assert name in done.stdout


def test_too_little_memory_is_told(tmp_path):
    text = tmp_path / "text"
    text.write_text("a 1\n" + "# a comment of some length\n" * 1_000_000)
    limited = ["prlimit", "--as=20000000", BINARY, "check", str(text)]
    process = subprocess.Popen(limited, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    done = finish(process, 20)
    assert done.status == 1
    assert done.stderr == "pushmetrics: there is not enough memory for that, or a limit (ulimit -v) keeps it away\n"
