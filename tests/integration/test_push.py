"""`push` and `check` on inputs of all sizes and forms."""

import os
import pathlib
import subprocess
import time

import pytest

from support import faulty_server as faulty
from support.faulty_server import FaultyServer
from support.program import BINARY

MEBIBYTE = 1 << 20
# What libcurl and its libraries take.
BASE_MEMORY = 50 * MEBIBYTE


def sanitizers_share():
    return 4 if b"__asan_init" in pathlib.Path(BINARY).read_bytes() else 1


def measured(pushmetrics, *args):
    """Seconds and peak memory in bytes of a call that succeeds."""
    start = time.monotonic()
    process = subprocess.Popen([BINARY, *args], env=pushmetrics.environment, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.monotonic() - start, usage.ru_maxrss * 1024


def test_a_body_is_held_once(pushmetrics, tmp_path):
    file = tmp_path / "large.prom"
    with open(file, "w") as lines:  # one by one: a child's peak is its parent's at least
        lines.write("# TYPE large gauge\n")
        lines.writelines(f'large{{n="{n:01000}"}} {n}\n' for n in range(60000))
    with FaultyServer(faulty.answer("200 OK")) as server:
        _, memory = measured(pushmetrics, "push", "--url", server.url, "-j", "large", str(file))
    assert memory < (file.stat().st_size + BASE_MEMORY) * sanitizers_share()


def test_many_metrics_on_one_line_of_json_are_read_in_no_time_and_little_memory(pushmetrics, tmp_path):
    file = tmp_path / "large.json"
    with open(file, "w") as text:
        text.write("{" + '"first": 1')
        text.writelines(f', "metric_{n}": {{"value": {n}, "labels": {{"shard": "{n}"}}}}' for n in range(100000))
        text.write("}")
    seconds, memory = measured(pushmetrics, "check", str(file))
    assert seconds < 10
    assert memory < 65 * MEBIBYTE * sanitizers_share()


def test_entries_of_json_that_the_grouping_key_makes_one_are_told_by_their_place(pushmetrics):
    entry = '{{"name": "rows", "value": 1, "labels": {{"instance": "{}"}}}}'
    text = f"[{entry.format('a')},\n  {entry.format('b')}]"
    with FaultyServer(faulty.answer("200 OK")) as server:
        result = pushmetrics("push", "--url", server.url, "-j", "json", "-i", "c", input=text)
        assert result.status == 3 and server.requests == []
        assert result.stderr_lines[0].startswith("<stdin>:2:12: error: metric `rows` has the same labels as in line 1 once")
        assert len(result.stderr_lines) == 2
        result = pushmetrics("push", "--url", server.url, "-j", "json", input=text)
        assert (result.status, result.stderr) == (0, "")


def test_where_inputs_clash_only_together_both_places_are_told(pushmetrics, tmp_path):
    (tmp_path / "first.json").write_text('{"other": 1,\n\n"rows": {"value": 1, "labels": {"q": "1"}}}')
    (tmp_path / "second.prom").write_text('more 1\n# TYPE rows gauge\nrows{q="1"} 2\n')
    (tmp_path / "third.json").write_text('\n\n\n [{"name": "more", "value": 1}]')
    result = pushmetrics("check", "first.json", "second.prom", "third.json", cwd=tmp_path)
    assert result.status == 3
    found = [line.removesuffix(" (in all inputs taken together)") for line in result.stderr_lines]
    assert found == [
        "second.prom:2:8: error: second TYPE line for rows, the first is in line 3 of first.json: keep one",
        "second.prom:3:1: error: the same series as in line 3 of first.json: keep one, or tell them apart by a label",
        "third.json:4:12: error: TYPE line for more after its first sample in line 1 of second.prom: write it before",
        "third.json:4:12: error: the same series as in line 1 of second.prom: keep one, or tell them apart by a label",
    ]


@pytest.mark.parametrize("empty", ["# EOF", "\ufeff", "\r", "\r\n", "\ufeff# EOF\r\n", ""])
def test_an_input_of_which_nothing_is_left_costs_no_other(pushmetrics, gateway, tmp_path, empty):
    full, other = tmp_path / "full.prom", tmp_path / "other.prom"
    full.write_text("\ufeffb 2\r\n")
    other.write_bytes(empty.encode())
    for order in ([full, other], [other, full]):
        result = pushmetrics("push", "--url", gateway.url, "-j", "left", "--replace", *map(str, order))
        assert (result.status, result.stderr) == (0, "")
        assert gateway.group("left")["b"].value == 2
    result = pushmetrics("push", "--url", gateway.url, "-j", "left", "--replace", "--allow-empty", str(other))
    assert (result.status, result.stderr) == (0, "")
    assert set(gateway.group("left")) == {"push_time_seconds", "push_failure_time_seconds"}


@pytest.mark.parametrize(
    "text, pushed",
    [
        ("# TYPE t gauge\nt 1 1700000000.123\n# EOF\n", {"t": 1}),
        ('t{p="C:\\dir"} 1\n# EOF', {"t": 1}),
        ("# TYPE s summary\ns_count 1\ns_sum 2\ns_created 3\n# EOF\n", {"s": {"count": "1", "quantiles": {}, "sum": "2"}}),
        ("# TYPE c counter\nc 1\n# EOF\n", {"c": 1}),
        ("a 1\nb 1\na{x=\"y\"} 1 1700000000123\n# EOF\n", {"b": 1}),
    ],
)
def test_what_ends_like_openmetrics_is_read_so_if_it_can_be(pushmetrics, gateway, text, pushed):
    result = pushmetrics(
        "push", "--url", gateway.url, "-j", "ends", "--replace", "--strip-timestamps", input=text
    )
    assert (result.status, result.stderr) == (0, "")
    group = gateway.group("ends")
    assert {name: group[name].samples[0][1] for name in pushed} == pushed
    assert len(group) == len(pushed) + 2 + ("a 1" in text)


@pytest.mark.parametrize("form", ["text", "openmetrics"])
def test_of_very_many_errors_20_are_shown_and_the_others_counted(pushmetrics, form):
    result = pushmetrics("check", "--from", form, input="a x\n" * 20000)
    assert result.status == 3 and len(result.stderr_lines) == 21
    assert result.stderr_lines[19].startswith("<stdin>:20:3: error: ")
    assert result.stderr_lines[20] == "19980 more errors"


def test_valid_text_with_a_comment_of_openmetrics_is_text(pushmetrics, gateway):
    text = "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n"
    result = pushmetrics("push", "-v", "--url", gateway.url, "-j", "unit", input=text)
    assert result.status == 0 and "EOF" not in result.stderr
    assert gateway.group("unit").values["a_seconds"] == 1


def test_a_repeated_bound_does_not_reach_remote_write(pushmetrics):
    text = '# TYPE h histogram\nh_bucket{le="1",le="2"} 1\n'
    with FaultyServer(faulty.answer("200 OK")) as server:
        url = server.url.replace("http://", "remote-write+http://")
        result = pushmetrics("push", "--url", url, "-j", "j", input=text)
        assert result.status == 1 and "the label le twice" in result.stderr
