"""`flush --discard`: pushes that nobody will ever take are dropped, those that are meant and after a confirmation."""

import json
import time

import pytest

from support.terminal import run_on_terminal
from support.servers import free_port


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def urls():
    """Two gateways that are not there: the right one, and a mistyped one."""
    return f"http://127.0.0.1:{free_port()}", f"http://localhost:{free_port()}/gatway"


@pytest.fixture
def discard(pushmetrics, spool):
    return lambda *args, **how: pushmetrics("flush", "--discard", "--spool", str(spool), *args, **how)


@pytest.fixture
def spooled(pushmetrics, spool, urls):
    """Five pushes: jobs `a` and `b` for both targets, and an older one of `a` for the mistyped one."""

    def push(url, job, value):
        arguments = ("--url", url, "--spool", str(spool), "--retries", "0", "-j", job, "-m", f"m{value}=1")
        assert pushmetrics("push", *arguments).status == 1

    right, mistyped = urls
    push(mistyped, "a", 1)
    for url in urls:
        for job in "ab":
            push(url, job, 2)
    return lambda: sorted(
        (words["target"], words["job"])
        for path in spool.glob("*/*.push")
        for words in [dict(line.split(" ", 1) for line in path.read_text().split("\n\n")[0].splitlines())]
    )


def test_the_pushes_for_a_mistyped_url_are_dropped_and_no_others(discard, spooled, urls, spool):
    right, mistyped = urls
    assert len(spooled()) == 5
    done = discard("--target", mistyped, "--yes")
    assert (done.status, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith(f'discarded 2 pushes of job="a" for {mistyped} (the oldest spooled ')
    assert second.startswith(f'discarded 1 push of job="b" for {mistyped} (spooled ') and second.endswith(" ago)")
    assert spooled() == [(right, "a"), (right, "b")]
    assert (spool / "waiting").exists()
    assert discard("--target", right, "--yes").status == 0
    assert spooled() == [] and not (spool / "waiting").exists()


@pytest.mark.parametrize(
    "options, left",
    [
        (["--target", "*gatway"], ["right a", "right b"]),
        (["--target", "{mistyped}/"], ["right a", "right b"]),
        (["--target", "{mistyped}", "--target", "{right}"], []),
        (["--target", "{mistyped}", "--match", "job=a"], ["mistyped b", "right a", "right b"]),
        (["--match", "job!=a"], ["mistyped a", "mistyped a", "right a"]),
    ],
)
def test_targets_are_alternatives_and_labels_restrict_them(discard, spooled, urls, options, left):
    right, mistyped = urls
    names = {"right": right, "mistyped": mistyped}
    assert discard(*(option.format(**names) for option in options), "--yes").status == 0
    expected = [(names[target], job) for target, job in (words.split() for words in left)]
    assert spooled() == sorted(expected)


def test_nothing_is_dropped_unless_that_is_confirmed(discard, spooled, urls, spool, pushmetrics):
    mistyped = urls[1]
    refused = discard("--target", mistyped)
    assert refused.status == 2
    assert refused.stderr == "pushmetrics: 3 pushes match; nothing was discarded\nhint: give --yes if that is meant\n"
    assert f'would discard 2 pushes of job="a" for {mistyped}' in refused.stdout
    arguments = ("flush", "--discard", "--spool", str(spool), "--target", mistyped)
    status, seen = run_on_terminal(pushmetrics, *arguments, answer=b"n\n")
    assert status == 2 and f"discard 3 pushes of {spool}? [y/N]" in seen
    assert len(spooled()) == 5
    status, seen = run_on_terminal(pushmetrics, *arguments, answer=b"y\n")
    assert status == 0 and 'discarded 1 push of job="b"' in seen
    assert len(spooled()) == 2


def test_a_dry_run_shows_what_would_be_dropped(discard, spooled, urls):
    done = discard("--target", urls[1], "--dry-run")
    assert done.status == 0 and done.stdout.startswith('would discard 2 pushes of job="a"')
    assert len(spooled()) == 5


def test_the_json_document_has_each_push(discard, spooled, urls, spool):
    dry = json.loads(discard("--target", urls[1], "--json", "--dry-run").stdout)
    done = json.loads(discard("--target", urls[1], "--json", "--yes").stdout)
    assert (dry["version"], dry["dry_run"], dry["spool"]) == (1, True, str(spool))
    assert (done["version"], done["dry_run"]) == (1, False)
    assert [push["discarded"] for push in dry["pushes"]] == [False] * 3
    for push in done["pushes"]:
        assert set(push) == {"target", "labels", "time", "discarded", "error"}
        assert push["target"] == urls[1] and push["discarded"] and push["error"] is None
        assert 0 < time.time() - push["time"] < 60
    assert [push["labels"] for push in done["pushes"]] == [{"job": "a"}, {"job": "a"}, {"job": "b"}]


def test_what_matches_nothing_or_cannot_be_read_is_reported(discard, spooled, urls, spool):
    none = discard("--target", "http://elsewhere:9091", "--yes")
    assert (none.status, none.stderr) == (0, f"pushmetrics: no push in {spool} matches\n")
    damaged = next(spool.glob("*/*.push"))
    damaged.write_text("nonsense")
    done = discard("--target", "*", "--yes")
    assert done.status == 0 and f"{damaged}: it is not a push that waits; skipped" in done.stderr
    assert list(spool.glob("*/*.push")) == [damaged]


@pytest.mark.parametrize(
    "options, message",
    [
        (["--discard", "--yes"], "--discard needs --target GLOB or --match NAME=GLOB"),
        (["--discard", "--watch", "--target", "*"], "--discard and --watch exclude each other"),
        (["--target", "*"], "--target needs --discard"),
        (["--match", "job=a"], "--match needs --discard"),
        (["--yes"], "--yes needs --discard"),
        (["--json"], "--json needs --discard"),
        (["--dry-run"], "--dry-run needs --discard"),
    ],
)
def test_mistakes_end_with_2_and_drop_nothing(pushmetrics, spooled, spool, options, message):
    result = pushmetrics("flush", "--spool", str(spool), *options)
    assert (result.status, result.messages) == (2, [f"pushmetrics: {message}"])
    assert len(spooled()) == 5
