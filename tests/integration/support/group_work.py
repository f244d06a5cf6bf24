"""What the suites on list, delete, prune and doctor share: awkward groups, put there without pushmetrics."""

import base64
import http.server as http_server
import json
import threading

from support.servers import http
from support.verdicts import OtherGateway, gateway_binaries

# Whatever a grouping value may hold: the names say what is special about them.
AWKWARD_VALUES = [
    "",
    " ",
    ".",
    "..",
    "/",
    "a/b//c",
    "%2F",
    "a+b c",
    "=",
    "*",
    "[a-z]?",
    "{}",
    'quote"back\\slash',
    "new\nline\ttab",
    "\x1b[31m",
    "é",
    "日本語",
    "👩‍🚀",
    "job",
    "a" * 300,
    "#?&;:@!$'(),",
    "-rf",
]


def group_path(labels):
    """The path of exactly these labels (bytes or str), as Pushgateway documents it; base64 for every value."""
    path = "/metrics"
    for name, value in sorted(labels.items(), key=lambda item: item[0] != "job"):
        data = value if isinstance(value, bytes) else value.encode()
        encoded = base64.urlsafe_b64encode(data).decode().rstrip("=") or "="
        path += f"/{name}@base64/{encoded}"
    return path


def put_group(gateway, labels, body="some_metric 1\n", method="PUT"):
    return gateway.request(method, group_path(labels), body.encode())


def held(gateway):
    """The grouping keys that the gateway holds, as a set of sorted pairs."""
    return {key_of(_labels(raw)) for raw in http("GET", gateway.url + "/api/v1/metrics", timeout=60).json["data"]}


def _labels(raw):
    """Of a group in the API's answer, where a metric named `labels` takes their place."""
    if all(isinstance(value, str) for value in raw["labels"].values()):
        return raw["labels"]
    labels = raw["push_time_seconds"]["metrics"][0]["labels"]
    return {name: value for name, value in labels.items() if (name, value) != ("instance", "")}


def key_of(labels):
    return tuple(sorted(labels.items()))


def listed(result):
    """The groups of a --json document about one target."""
    assert result.status == 0, result.stderr
    (target,) = json.loads(result.stdout)["targets"]
    assert target["error"] is None
    return target["groups"]


VERSIONS = gateway_binaries()


def gateways(request, tmp_path_factory):
    """A module's Pushgateway, once for each version there is: the body of a fixture with params VERSIONS."""
    with OtherGateway(tmp_path_factory.mktemp("gateway"), VERSIONS[request.param]) as server:
        yield server


class FakeGateway:
    """Answers each request by `answer(method, path, body)` → status, body; a third value is
    the length to announce, for an answer that breaks off. Keeps what it was asked in `requests`. `date` is
    what its clock shows (Unix time), if not the present."""

    def __init__(self, answer, date=None):
        outer = self
        self.requests = []

        class Handler(http_server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self):
                length = int(self.headers.get("Content-Length") or 0)
                outer.requests.append((self.command, self.path))
                status, body, *length_told = answer(self.command, self.path, self.rfile.read(length))
                self.send_response(status)
                self.send_header("Content-Length", str(length_told[0] if length_told else len(body)))
                self.end_headers()
                self.wfile.write(body)
                if length_told:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = respond

            def date_time_string(self, timestamp=None):
                return super().date_time_string(timestamp or date)

            def log_message(self, *_):
                pass

        self.server = http_server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def forwarding_to(gateway):
    """An `answer` for FakeGateway that hands on to a real one."""

    def answer(method, path, body):
        reply = http(method, gateway.url + path, body or None)
        return reply.status, reply.body

    return answer
