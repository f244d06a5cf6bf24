"""The real servers that the tests push to and read from, on free loopback ports.

    with Gateway(directory) as gateway:
        ...
        assert gateway.group(job="backup")["job_success"].value == 1

Each server keeps its data and its log (`server.log`) in a directory of its own, is waited for until it answers, and
is stopped by its process id. It dies with the test process, too.
"""

import ctypes
import dataclasses
import functools
import http.client as http_client
import json
import math
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

STARTUP_SECONDS = 20
SHUTDOWN_SECONDS = 10

# Whatever proxy the environment names, it is not for loopback.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on, for now.

    Below those that the kernel gives to connections, so that a server can come back on it.
    """
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


@dataclasses.dataclass
class Response:
    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def http(method, url, body=None, headers=None, timeout=10):
    """One request; an error status is a response as any other."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with _direct.open(request, timeout=timeout) as reply:
            return Response(reply.status, dict(reply.headers), reply.read())
    except urllib.error.HTTPError as error:
        return Response(error.code, dict(error.headers), error.read())


def wait_until(condition, timeout=10, what=None, interval=0.01):
    """Returns what `condition()` returns as soon as that is true; fails the test after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what or condition}")
        time.sleep(interval)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def version_of(binary):
    """(1, 11, 2), say: what one of Prometheus' programs answers to --version."""
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10)
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", done.stdout + done.stderr)
    assert found, f"{binary} does not name its version: {done.stdout}{done.stderr}"
    return tuple(map(int, found.groups()))


class Server:
    """One server process. Subclasses say how it is started and how one knows that it is ready."""

    name = None
    ready_path = None

    @functools.cached_property
    def version(self):
        """For expectations that differ by version: (1, 11, 2), say."""
        return version_of(self.name)

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / "server.log"
        self.port = None
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def command(self):
        raise NotImplementedError

    def ready(self):
        try:
            return http("GET", self.url + self.ready_path, timeout=1).status == 200
        except OSError:
            return False

    def start(self, port=None):
        """On `port`, or on a free one, anew if somebody else was quicker to take that."""
        for attempts_left in (0,) if port else (2, 1, 0):
            self.port = port or free_port()
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    self.command(),
                    cwd=self.directory,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=_die_with_parent,
                )
            try:
                wait_until(lambda: self.ready() or self.process.poll() is not None, STARTUP_SECONDS, "ready")
            except AssertionError:
                self.stop()
            if self.process is not None and self.process.poll() is None:
                return self
            if not attempts_left:
                raise AssertionError(f"{self.name} did not start:\n{self.log_text()}")

    def stop(self):
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self):
        """Stops it and starts it again on the same port."""
        self.stop()
        return self.start(self.port)

    def pause(self):
        """Takes connections from now on, but never answers, until resume()."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


@dataclasses.dataclass
class Family:
    """A metric family of a group: `samples` are pairs of labels (less the group's) and value.

    The value of a histogram or summary is the API's own {"buckets": …, "count": …, "sum": …}.
    """

    type: str
    help: str
    samples: list

    @property
    def value(self):
        """Of the only sample, which has no labels of its own."""
        assert len(self.samples) == 1 and not self.samples[0][0], f"not a single plain sample: {self.samples}"
        return self.samples[0][1]

    def value_of(self, **labels):
        """Of the sample with exactly these labels besides the group's."""
        return next(value for own, value in self.samples if own == labels)


class Group(dict):
    """A group of a Pushgateway: families by name, and `labels`, the grouping key."""

    def __init__(self, raw):
        # Not from `labels`, which a metric of that name overwrites. The gateway adds an empty instance by itself.
        labels = raw["push_time_seconds"]["metrics"][0]["labels"]
        self.labels = {name: value for name, value in labels.items() if (name, value) != ("instance", "")}
        self.last_push_successful = raw.get("last_push_successful")
        families = {name: value for name, value in raw.items() if isinstance(value, dict) and "metrics" in value}
        super().__init__((name, self._family(family)) for name, family in families.items())

    def _family(self, raw):
        return Family(raw["type"].lower(), raw.get("help", ""), [self._sample(sample) for sample in raw["metrics"]])

    def _sample(self, raw):
        own = {
            name: value
            for name, value in (raw.get("labels") or {}).items()
            if self.labels.get(name) != value and not (name == "instance" and value == "")
        }
        value = raw.get("value")
        if value is None:
            return own, {key: part for key, part in raw.items() if key != "labels"}
        return own, float(value)

    @property
    def pushed(self):
        """The families without those that the gateway itself adds."""
        return {name: family for name, family in self.items() if not name.startswith("push_")}

    @property
    def values(self):
        """The plain values by name, of what was pushed."""
        return {
            name: family.samples[0][1]
            for name, family in self.pushed.items()
            if len(family.samples) == 1 and not family.samples[0][0]
        }


class Gateway(Server):
    """A Pushgateway that keeps its metrics in memory, with the admin API."""

    name = "prometheus-pushgateway"
    ready_path = "/-/ready"

    def __init__(self, directory, options=()):
        super().__init__(directory)
        self.options = options

    def command(self):
        return [
            self.name,
            f"--web.listen-address={self.address}",
            "--persistence.file=",
            "--web.enable-admin-api",
            *self.options,
        ]

    def groups(self):
        """All groups, in the order of their labels."""
        reply = http("GET", self.url + "/api/v1/metrics")
        assert reply.status == 200, reply.text
        groups = [Group(raw) for raw in reply.json["data"]]
        return sorted(groups, key=lambda group: sorted(group.labels.items()))

    def find(self, job, **labels):
        """The group with exactly these labels, or None."""
        wanted = {"job": job, **labels}
        return next((group for group in self.groups() if group.labels == wanted), None)

    def group(self, job, **labels):
        """The group with exactly these labels, which must be there."""
        found = self.find(job, **labels)
        assert (
            found is not None
        ), f"no group {dict(job=job, **labels)} among {[group.labels for group in self.groups()]}"
        return found

    def scrape(self):
        """What Prometheus would get."""
        reply = http("GET", self.url + "/metrics")
        assert reply.status == 200, reply.text
        return reply.text

    def push(self, text, job, method="POST", **labels):
        """Puts something there without pushmetrics; the labels' values have to be plain."""
        path = "".join(f"/{name}/{urllib.parse.quote(value)}" for name, value in labels.items())
        url = f"{self.url}/metrics/job/{urllib.parse.quote(job)}{path}"
        reply = http(method, url, text.encode())
        assert reply.status in (200, 202), reply.text

    def request(self, method, path, body=None):
        """A request without pushmetrics, which may be one that it rejects.

        Where others answer 400 to a push that is inconsistent, 1.11.0 closes the connection without an answer
        (PROTOCOL.md, hazard 9), and yet marks the group: that counts as the 400 it is.
        """
        try:
            return http(method, self.url + path, body)
        except http_client.RemoteDisconnected:
            assert self.version == (1, 11, 0), "the gateway closed the connection without an answer"
            return Response(400, {}, b"")

    def wipe(self):
        assert http("PUT", self.url + "/api/v1/admin/wipe").status == 202
        # It only takes the order, and then carries it out.
        wait_until(lambda: not http("GET", self.url + "/api/v1/metrics").json["data"])


class Prometheus(Server):
    """A Prometheus with `config` (the text of prometheus.yml) and further options.

    Files that the configuration names by a relative path (rule_files) are sought in `directory`.
    """

    name = "prometheus"
    ready_path = "/-/ready"

    def __init__(self, directory, config="", options=("--web.enable-remote-write-receiver",)):
        super().__init__(directory)
        self.config = config or "global: {}\n"
        self.options = options

    @staticmethod
    def scraping(targets, interval="200ms", honor_labels=True):
        """A configuration that scrapes `targets`, addresses such as gateway.address."""
        addresses = ", ".join(f"'{target}'" for target in targets)
        return (
            f"global: {{scrape_interval: {interval}, evaluation_interval: {interval}}}\n"
            "scrape_configs:\n"
            "  - job_name: pushed\n"
            f"    honor_labels: {'true' if honor_labels else 'false'}\n"
            f"    static_configs: [{{targets: [{addresses}]}}]\n"
        )

    def command(self):
        (self.directory / "prometheus.yml").write_text(self.config)
        return [
            self.name,
            f"--web.listen-address={self.address}",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            *self.options,
        ]

    def api(self, path, **parameters):
        reply = http("GET", f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}")
        assert reply.status == 200, reply.text
        return reply.json["data"]

    def query(self, expression):
        """Of an instant vector: pairs of labels (with __name__) and value."""
        result = self.api("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def alerts(self):
        return self.api("alerts")["alerts"]


class VictoriaMetrics(Server):
    name = "victoria-metrics"
    ready_path = "/health"

    def __init__(self, directory, options=()):
        super().__init__(directory)
        self.options = options

    def command(self):
        return [
            self.name,
            f"-httpListenAddr={self.address}",
            f"-storageDataPath={self.directory / 'data'}",
            "-memory.allowedBytes=64MiB",
            "-search.latencyOffset=0s",
            *self.options,
        ]

    def series(self, match):
        """What it holds of `match`: pairs of labels (with __name__) and list of values.

        What was just written takes up to a second to be seen: use wait_until.
        """
        http("GET", self.url + "/internal/force_flush")
        parameters = urllib.parse.urlencode({"match[]": match})
        reply = http("GET", f"{self.url}/api/v1/export?{parameters}")
        assert reply.status == 200, reply.text
        series = [json.loads(line) for line in reply.text.splitlines()]
        return [
            (one["metric"], [math.nan if value is None else float(value) for value in one["values"]]) for one in series
        ]


class ClusterAgent(Server):
    """A vmagent that takes what a VictoriaMetrics cluster takes, by the same paths. What it hands on goes nowhere."""

    name = "vmagent"
    ready_path = "/health"

    def command(self):
        usage = subprocess.run([self.name, "-help"], capture_output=True, text=True, timeout=20)
        if "-enableMultitenantHandlers" in usage.stdout + usage.stderr:
            tenants = ["-enableMultitenantHandlers", "-remoteWrite.url=http://127.0.0.1:1"]
        else:  # as in 1.79
            tenants = ["-remoteWrite.multitenantURL=http://127.0.0.1:1"]
        return [
            self.name,
            f"-httpListenAddr={self.address}",
            *tenants,
            f"-remoteWrite.tmpDataPath={self.directory / 'data'}",
        ]

    def scrape(self):
        reply = http("GET", self.url + "/metrics")
        assert reply.status == 200, reply.text
        return reply.text


class NodeExporter(Server):
    """With the textfile collector alone; `textfiles` is the directory that it reads."""

    name = "prometheus-node-exporter"
    ready_path = "/metrics"

    def __init__(self, directory):
        super().__init__(directory)
        self.textfiles = self.directory / "textfiles"
        self.textfiles.mkdir(exist_ok=True)

    def command(self):
        return [
            self.name,
            f"--web.listen-address={self.address}",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={self.textfiles}",
        ]

    def scrape(self):
        reply = http("GET", self.url + "/metrics")
        assert reply.status == 200, reply.text
        return reply.text


class Nginx(Server):
    """A web server; `server_block` is what stands in its server { … }, less the `listen`.

    Paths in it are relative to `directory`. `listen_options`: "ssl", say.
    """

    name = "/usr/sbin/nginx"

    def __init__(self, directory, server_block, listen_options=""):
        super().__init__(directory)
        self.server_block = server_block
        self.listen_options = listen_options

    def command(self):
        (self.directory / "nginx.conf").write_text(
            "daemon off;\n"
            # Its directory may be closed to whom nginx otherwise becomes.
            + ("user root;\n" if os.geteuid() == 0 else "")
            + "worker_processes 1;\n"
            "pid nginx.pid;\n"
            "error_log stderr;\n"
            "events { worker_connections 64; }\n"
            "http {\n"
            "  access_log access.log;\n"
            "  client_max_body_size 0;\n"
            + "".join(
                f"  {name}_temp_path {name}-temp;\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + "  server {\n"
            f"    listen {self.address} {self.listen_options};\n"
            f"{self.server_block}\n"
            "  }\n"
            "}\n"
        )
        return [self.name, "-p", str(self.directory), "-c", "nginx.conf", "-e", "stderr"]

    def ready(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def access_log(self):
        return (self.directory / "access.log").read_text().splitlines()

    def last_request(self):
        """The log's last line; nginx writes it only when it has answered."""
        wait_until(self.access_log, what="a request in nginx' log")
        return self.access_log()[-1]
