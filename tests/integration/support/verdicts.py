"""Verdicts on exposition text: ours, and those of real Pushgateways."""

import http.client
import json
import os
import pathlib
import shutil
import subprocess

from support.servers import Gateway


CASES = pathlib.Path(__file__).parents[2] / "data/exposition_cases.json"

# What Pushgateway takes and we do not, by what our message begins with or contains.
DELIBERATE_REFUSALS = {
    " collides with gaugehistogram ": "what it then serves is no valid text",
    "gaugehistogram ": "the same",
    "the type `gauge_histogram`": "older gateways cut their answer short on it, node_exporter crashes",
    "a sample without a metric name": "taken for a part of the metric on the line above",
    "a backslash within the type": "dropped by Pushgateway, refused by all others",
    "a double quote within a name": "no other parser takes it",
    "the name of a histogram or summary within the braces": "taken for a part of the metric on the line above",
}


def recorded_cases():
    """Pairs of a case and its text."""
    for case in json.loads(CASES.read_text()):
        yield case, case["input"].encode("latin1" if "input_encoding" in case else "utf-8")


def is_deliberate(message):
    return any(part in message if part[0] == " " else message.startswith(part) for part in DELIBERATE_REFUSALS)


def differs_by_version(text, canonical, message, version):
    """Whether gateways of this version are known to have another verdict than 1.11.2."""
    if version == (1, 11, 0) and message.startswith("the quoted name is not a metric name"):
        return True  # it takes any name in quotes
    if version < (1, 11, 1) and b"gaugehistogram" in text.lower():
        return True
    return version < (1, 11) and (not canonical or message.endswith("cannot be negative"))


class OurVerdicts:
    """check_exposition in a process of its own, for thousands of questions."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [os.environ["PUSHMETRICS_VERDICTS"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def ask(self, mode, text):
        """Whether it is accepted, whether it is canonical, what would be pushed, and the first error."""
        self.process.stdin.write(b"%s %d\n%s" % (mode.encode(), len(text), text))
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode().rstrip("\n").split(" ", 3)
        assert len(answer) == 4, f"no answer on {text!r}"
        return answer[0] == "valid", answer[1] == "canonical", self.process.stdout.read(int(answer[2])), answer[3]


class GatewayVerdicts:
    """What a real gateway says, each text posted to a group of its own."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.connection = None
        self.count = 0

    def __exit__(self, *_):
        self.gateway.stop()

    def ask(self, text):
        """Whether it is accepted, and the message. A connection that is dropped is a refusal, too."""
        self.count += 1
        path = f"/metrics/job/{self.count}"
        try:
            status, message = self._request("POST", path, text)
        except (http.client.HTTPException, ConnectionError):
            self._reconnect()
            status, message = None, "the connection is dropped"
        if not message.startswith("text format parsing error"):
            self._request("DELETE", path)
        return status == 200, message

    def wipe(self):
        self.gateway.wipe()

    def _reconnect(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=10)

    def _request(self, method, path, body=None):
        if self.connection is None:
            self._reconnect()
        self.connection.request(method, path, body)
        reply = self.connection.getresponse()
        return reply.status, reply.read().decode(errors="replace").strip()


class OtherGateway(Gateway):
    def __init__(self, directory, binary):
        super().__init__(directory)
        self.name = str(binary)


FETCHED = pathlib.Path(__file__).resolve().parents[3] / "build/servers"


def gateway_binaries():
    """The Pushgateways to test with, by name: the one on the PATH and, unless that is of a set of tests/servers
    itself, a newer one that tests/run has fetched."""
    binaries = {"installed": "prometheus-pushgateway"}
    newer = FETCHED / "forky/usr/bin/prometheus-pushgateway"
    if newer.exists() and FETCHED not in pathlib.Path(shutil.which("prometheus-pushgateway")).parents:
        binaries["newer"] = newer
    return binaries
