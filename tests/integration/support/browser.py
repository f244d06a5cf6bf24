"""A headless Chromium that shows one page, driven through the DevTools protocol over a pipe."""

import base64
import contextlib
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

STARTUP_SECONDS = 60
# Nothing that the browser would ask of its vendor's hosts.
QUIET = (
    "--disable-background-networking --disable-component-update --disable-sync --disable-quic --no-first-run"
    " --disable-default-apps --disable-extensions --no-default-browser-check --disable-domain-reliability"
).split()
KEYS = {
    "Tab": {"code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Space": {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
    "ArrowDown": {"code": "ArrowDown", "windowsVirtualKeyCode": 40},
    "ArrowUp": {"code": "ArrowUp", "windowsVirtualKeyCode": 38},
}


class Browser:
    """`with Browser() as browser: browser.open(url); browser.evaluate("document.title")`

    `requests` has the URL of each request that the page made, `errors` what it logged as an error.
    """

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="browser-")
        self.requests = []
        self.errors = []
        self.last_id = 0
        self.answers = {}
        self.received = b""

    def __enter__(self):
        theirs_in, self.write_end = os.pipe()
        self.read_end, theirs_out = os.pipe()
        # The program reads from descriptor 3 and writes to 4.
        high_in, high_out = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out))
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *QUIET]
        command += ["--hide-scrollbars", "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(3, 4),
            preexec_fn=lambda: (os.dup2(high_in, 3), os.dup2(high_out, 4)),
        )
        for fd in (theirs_in, theirs_out, high_in, high_out):
            os.close(fd)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank", timeout=STARTUP_SECONDS)["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, AssertionError):
            self.session = None
            self.call("Browser.close", timeout=5)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.write_end)
        os.close(self.read_end)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, timeout=30, **parameters):
        """A command of the protocol; returns its result."""
        self.last_id += 1
        number = self.last_id
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + timeout
        while number not in self.answers:
            assert self._receive(end), f"the browser did not answer {method}"
        answer = self.answers.pop(number)
        assert "error" not in answer, f"{method}: {answer.get('error')}"
        return answer["result"]

    def _receive(self, end):
        readable, _, _ = select.select([self.read_end], [], [], max(0, end - time.monotonic()))
        piece = os.read(self.read_end, 1 << 20) if readable else b""
        self.received += piece
        *messages, self.received = self.received.split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self._take_event(message["method"], message["params"])
        return bool(piece)

    def _take_event(self, method, parameters):
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(parameters["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] == "error":
            self.errors.append(str(parameters["args"]))

    def open(self, address):
        """A URL or the path of a file."""
        if isinstance(address, pathlib.Path):
            address = address.as_uri()
        self.call("Page.navigate", url="about:blank")
        self.requests.clear()
        self.errors.clear()
        self.call("Page.navigate", url=str(address))
        self.wait_for("location.protocol !== 'about:' && document.readyState === 'complete'")

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page, waited for if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait_for(self, expression, timeout=20):
        """Until the expression is true; returns its value."""
        end = time.monotonic() + timeout
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            assert time.monotonic() < end, f"never true: {expression}\n{self.evaluate('document.body?.innerText')}\n{self.errors}"
            time.sleep(0.05)

    def texts(self, selector):
        """What is seen of each element."""
        return self.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.innerText)")

    def press(self, key):
        """A key as a person presses it."""
        event = {"key": key, **KEYS[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", **event)
        event.pop("text", None)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def resize(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)

    def prefer(self, scheme):
        """light or dark, as set in the system."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))
