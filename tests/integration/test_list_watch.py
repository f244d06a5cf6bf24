"""`list --watch` shows the groups again and again, on a terminal in place, until somebody ends it or the terminal is gone."""

import json
import re
import time

import pytest

from support.program import BINARY, finish
from support.servers import wait_until
from support.terminal import INTERRUPT, SUSPEND, Shell, Terminal

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
LEAVING = r"\x1b\[\?7h\x1b\[\?25h\x1b\[\?1049l"


@pytest.fixture
def gateway(own_gateway):
    return own_gateway.start(own_gateway.port)


@pytest.fixture
def watching(pushmetrics, gateway):
    """Starts it on a terminal of its own."""
    terminals = []

    def watching(*options, rows=24, columns=80, interval="200ms", term="xterm"):
        command = [BINARY, "list", "--url", gateway.url, f"--watch={interval}", *options]
        terminal = Terminal(command, pushmetrics.environment_with({"TERM": term}), pushmetrics.home, rows, columns)
        terminals.append(terminal)
        return terminal

    yield watching
    for terminal in terminals:
        terminal.close()


def put(gateway, *jobs):
    for job in jobs:
        gateway.push("job_success 1\n", job)


def frame(terminal, pattern):
    """The rows of the next whole screen in which the pattern is, without escape sequences."""
    screen = terminal.expect(r"\x1b\[H((?:(?!\x1b\[H)[\s\S])*?" + pattern + r"(?:(?!\x1b\[H)[\s\S])*)(?=\x1b\[H)").group(1)
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", row) for row in re.split(r"\r+\n", screen)]


def test_the_table_is_redrawn_in_place_until_ctrl_c(gateway, watching):
    put(gateway, "first")
    terminal = watching()
    rows = frame(terminal, "first")
    assert re.fullmatch(r"\d\d:\d\d:\d\d, every 200ms; Ctrl-C ends", rows[0]) and rows[1] == ""
    assert rows[2].startswith("GROUP") and rows[3].startswith('job="first"')
    put(gateway, "second")
    frame(terminal, "second")
    terminal.type(INTERRUPT)
    assert terminal.wait(5) == 0
    output = terminal.seen + terminal.unseen
    assert output.startswith(ENTER) and output.count(ENTER) == output.count(LEAVE) == 1
    assert re.search(LEAVING + r"$", output)  # what was there before is there again
    assert "\x1b[32mok\x1b[0m" in output  # colours as list has them
    assert "\x1b[2J" not in output and output.count("\x1b[J") <= output.count("\x1b[H")  # nothing flickers


def test_what_has_no_room_is_counted_and_seen_on_a_larger_terminal(gateway, watching):
    put(gateway, *(f"job-{number:02}" for number in range(30)))
    terminal = watching(rows=10, interval="1h")  # only the size changes
    terminal.expect(r"\.\.\. and 24 more lines")
    assert "job-05" in terminal.seen and "job-06" not in terminal.seen
    terminal.resize(40, 100)
    terminal.expect("job-29")
    terminal.resize(1, 20)
    terminal.expect(r"\x1b\[H\.\.\. and 33 more lines")
    terminal.resize(33, 100)  # exactly as many rows
    terminal.expect("job-29[^\n]*?\x1b\\[K")
    time.sleep(0.2)
    terminal.drain()
    assert not terminal.unseen.startswith("\r\n")


@pytest.mark.parametrize("when", ["waiting", "asking"])
def test_it_ends_when_the_terminal_is_closed(gateway, watching, when):
    put(gateway, "first")
    terminal = watching(interval="1h" if when == "waiting" else "100ms")
    terminal.expect("first")
    if when == "asking":
        gateway.pause()
        time.sleep(0.3)
    try:
        terminal.hang_up()
        terminal.process.wait(3)
    finally:
        gateway.resume()


def test_a_gateway_that_does_not_answer_delays_no_ctrl_c(gateway, watching):
    put(gateway, "first")
    terminal = watching("--push-timeout", "60s")
    terminal.expect("first")
    gateway.pause()
    try:
        time.sleep(0.5)
        terminal.type(INTERRUPT)
        assert terminal.wait(2) == 0
    finally:
        gateway.resume()


def test_a_gateway_that_goes_and_comes_back_is_seen_to(gateway, watching):
    put(gateway, "first")
    terminal = watching("--retries", "0")
    terminal.expect("first")
    gateway.stop()
    frame(terminal, "its groups could not be listed")
    gateway.start(gateway.port)
    put(gateway, "second")
    rows = frame(terminal, "second")
    assert not any("could not be listed" in row for row in rows)


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(gateway, pushmetrics):
    put(gateway, "first")
    shell = Shell("bash", pushmetrics.environment, pushmetrics.home)
    try:
        shell.enter("TERM=xterm " + BINARY + f" list --url {gateway.url} --watch=200ms")
        shell.expect("first")
        shell.type(SUSPEND)
        shell.expect(LEAVING)
        shell.expect(r"Stopped[\s\S]*prompt> ")
        shell.enter("fg")
        shell.expect(re.escape(ENTER))
        shell.expect("first")
        shell.type(INTERRUPT)
        shell.expect(LEAVING)
        shell.prompt()
    finally:
        shell.close()


@pytest.mark.parametrize("where", ["pipe", "dumb terminal"])
def test_elsewhere_one_table_follows_the_other(gateway, pushmetrics, watching, where):
    put(gateway, "first")
    table = r'GROUP +LAST PUSH[^\n]*\n(?:job="[^\n]*\n)+'
    if where == "pipe":
        file = pushmetrics.home / "output"
        with file.open("w") as opened:
            process = pushmetrics.spawn("list", "--url", gateway.url, "--watch=100ms", stdout=opened)
        wait_until(lambda: file.read_text().count("first") >= 3)
        process.terminate()
        result = finish(process)
        assert (result.status, result.stderr) == (0, "")
        output = file.read_text()
    else:
        terminal = watching(term="dumb")
        for _ in range(3):
            terminal.expect("first")
        terminal.type(INTERRUPT)
        assert terminal.wait(5) == 0
        output = (terminal.seen + terminal.unseen).replace("\r\n", "\n").replace("^C", "")
    assert "\x1b" not in output
    assert re.fullmatch(f"{table}(?:\n{table}){{2,}}", output), output


def test_documents_follow_each_other_and_have_what_failed(gateway, pushmetrics, tmp_path):
    put(gateway, "first")
    output = tmp_path / "output"
    with output.open("w") as file:
        command = ("list", "--json", "--url", gateway.url, "--watch=100ms", "--retries", "0")
        process = pushmetrics.spawn(*command, stdout=file)
    wait_until(lambda: output.read_text().count('"first"') > 1)
    gateway.stop()
    wait_until(lambda: "could not be listed" in output.read_text())
    process.terminate()
    result = finish(process)
    assert result.status == 0 and "its groups could not be listed" in result.stderr
    documents, text = [], output.read_text()
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        documents.append(document)
        text = text[end:].lstrip()
    assert documents[0]["targets"][0]["groups"][0]["labels"] == {"job": "first"}
    assert documents[-1]["targets"][0]["error"]


def test_it_ends_when_nobody_reads(gateway, pushmetrics):
    process = pushmetrics.spawn("list", "--url", gateway.url, "--watch=100ms")
    wait_until(lambda: process.stdout.read(5))
    process.stdout.close()
    assert process.wait(5) == 1
    process.stderr.close()


@pytest.mark.parametrize("interval, message", [("soon", "soon"), ("1ms", "interval '1ms' is too short: the least is 100ms")])
def test_an_interval_that_is_none_is_rejected(pushmetrics, interval, message):
    result = pushmetrics("list", f"--watch={interval}", "--url", "http://127.0.0.1:1")
    assert (result.status, result.stdout) == (2, "") and message in result.stderr
